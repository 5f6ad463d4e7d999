// Nanoseconds per evaluation in cel-go, as bench-expr prints them: "ns value".
//
//	go run . EXPRESSIONS BINDINGS.json
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"syscall"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
)

const (
	rounds  = 7
	roundNs = 40000000
)

// Whole numbers are ints, as in the bindings of bench-expr.
func native(value any) any {
	switch v := value.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = native(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = native(v[k])
		}
	}
	return value
}

// CPU time, that of the garbage collector too, so that what else runs counts less.
func nowNs() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func measure(program cel.Program, bindings map[string]any) float64 {
	times, best := 16, 1e18
	for round := 0; round < rounds; {
		from := nowNs()
		for i := 0; i < times; i++ {
			_, _, _ = program.Eval(bindings)
		}
		took := float64(nowNs() - from)
		if took < roundNs {
			times *= 2
			continue
		}
		best = min(best, took/float64(times))
		round++
	}
	return best
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.Open(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	decoder := json.NewDecoder(file)
	decoder.UseNumber()
	bindings := map[string]any{}
	if err := decoder.Decode(&bindings); err != nil {
		log.Fatal(err)
	}
	native(bindings)
	options := []cel.EnvOption{ext.Strings(), ext.Math(), ext.TwoVarComprehensions(), cel.OptionalTypes()}
	for name := range bindings {
		options = append(options, cel.Variable(name, cel.MapType(cel.StringType, cel.DynType)))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		log.Fatal(err)
	}
	for _, source := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		ast, issues := env.Compile(source)
		if issues.Err() != nil {
			log.Fatal(issues.Err())
		}
		program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			log.Fatal(err)
		}
		shown := []byte("(no value)")
		if value, _, err := program.Eval(bindings); err == nil {
			shown, _ = json.Marshal(value.Value())
		}
		fmt.Printf("%.1f %s\n", measure(program, bindings), shown)
	}
}
