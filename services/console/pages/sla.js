// The bureau's board: what is owed in its schools by the time left, reports that wait for an answer, deadlines that passed.
let chosen = { unit: "", role: "" };
let last = null;

// The unit and all below it.
function subtree(units, top) {
  const found = new Set([top]);
  let before = 0;
  while (before !== found.size) {
    before = found.size;
    for (const unit of units) if (found.has(unit.parent)) found.add(unit.id);
  }
  return found;
}

function number(label, value, css = "") {
  return el("div", {}, el("b", { class: css }, String(value)), el("span", { class: "small muted" }, word(label)));
}

function perform(ob) {
  return (title, action, answer) => askForm(`${word(title)} · ${word(ob.obligation, "ob_")}`, [reason()],
    (body) => sendAction(ob.case_id, action, { unit: ob.unit, obligation: ob.obligation, episode: ob.episode, ...(answer ? { answer } : {}), ...body }));
}

function what(ob) {
  return [el("td", { class: "tight" }, el("a", { href: `/case/${ob.case_id}`, class: `level-${ob.level}` },
    el("span", { class: "badge solid" }, word(ob.level, "level_")), ` ${ob.number}`)),
  el("td", { class: "unit" }, ob.unit_label), el("td", {}, word(ob.kind, "kind_")),
  el("td", {}, word(ob.obligation, "ob_") + (ob.occurrence ? ` ${ob.occurrence}` : ""))];
}

function owedRow(ob) {
  const urged = ob.urged ? el("div", { class: "small muted" }, `${word("urged")} ${ob.urged} · ${clock(ob.urged_at_ms)}`) : null;
  const returned = ob.returned ? el("div", { class: "small muted" }, `${word("returned")} ${ob.returned}`) : null;
  return el("tr", {},
    el("td", { class: "time" }, el("span", { class: "count small-count", "data-due": ob.due_at_ms }), " ", el("span", { class: "small muted" }),
      el("div", { class: "small muted" }, clock(ob.due_at_ms))),
    what(ob), el("td", { class: "tight" }, word(ob.owner_role, "role_")), el("td", { class: "tight" }, word(ob.state, "o_"), urged, returned),
    el("td", {}, el("div", { class: "actions" }, obligationButtons({ ...ob, unanswered: false }, perform(ob)))));
}

function reportedRow(ob) {
  return el("tr", {}, el("td", { class: "time" }, clock(ob.performed_at_ms)), what(ob),
    el("td", { class: "tight" }, word(ob.to_role, "role_")), el("td", { class: "tight" }, word(ob.state, "o_")),
    el("td", {}, ob.to_role === last.my_role ? el("div", { class: "actions" }, obligationButtons({ ...ob, due_at_ms: 0 }, perform(ob))) : null));
}

function breachRow(line) {
  return el("tr", {}, el("td", { class: "time" }, clock(line.at_ms)), what({ ...line, kind: "" }));
}

function schoolRow(unit, owed, breaches, now) {
  const mine = owed.filter((ob) => ob.unit === unit.id);
  const over = mine.filter((ob) => ob.due_at_ms < now).length;
  return el("tr", {}, el("td", { class: "unit" }, unit.label), el("td", {}, String(mine.length)),
    el("td", { class: over ? "over" : "" }, String(over)),
    el("td", {}, String(mine.filter((ob) => ob.due_at_ms >= now && ob.due_at_ms < now + 3600000).length)),
    el("td", {}, String(breaches.filter((line) => line.unit === unit.id).length)));
}

// 交接班: every open case that is shown goes to the next person, each with its own command and outcome.
function handOver(owed) {
  const cases = new Map(owed.map((ob) => [ob.case_id, ob]));
  const people = last.colleagues.map((p) => [p.person, `${p.name || p.person} · ${word(p.role, "role_")}`]);
  askForm(`${word("hand_over")} · ${cases.size}`, [{ name: "person", label: word("next_person"), choices: people }, { ...reason(), label: word("hand_over_note") }], async (body) => {
    let refused = null;
    let applied = 0;
    for (const [id, ob] of cases) {
      const result = await sendAction(id, "hand_over", { unit: ob.unit, ...body });
      if (result.outcome === "applied") applied++;
      else refused ??= { outcome: result.outcome, reason: `${word(result.reason || "", "r_")} (${ob.number})` };
    }
    return refused ?? { outcome: "applied", reason: `${applied}/${cases.size}` };
  });
}

function tools(sla, owed) {
  const select = (name, rows, label) => el("select", {
    "aria-label": word(label), onchange: (event) => { chosen[name] = event.target.value; show(); },
  }, el("option", { value: "" }, word(label)), rows.map(([value, text]) => el("option", { value, selected: chosen[name] === value }, text)));
  const roles = [...new Set(sla.obligations.filter((ob) => ob.owed).map((ob) => ob.owner_role))].sort();
  return [select("unit", sla.units.map((u) => [u.id, u.label]), "all_units"), select("role", roles.map((r) => [r, word(r, "role_")]), "all_roles"),
    el("span", { class: "spacer" }),
    el("button", { onclick: () => handOver(owed), disabled: !owed.length || !sla.colleagues.length }, word("hand_over")),
    el("a", { class: "button", href: "/api/ledger.csv", download: "shouwang-ledger.csv" }, word("ledger"))];
}

function show() {
  const { units, now_ms: now } = last;
  const within = chosen.unit ? subtree(units, chosen.unit) : null;
  const mine = (row) => (!within || within.has(row.unit)) && (!chosen.role || !row.owner_role || row.owner_role === chosen.role);
  const owed = last.obligations.filter((ob) => ob.owed && mine(ob)).sort((a, b) => a.due_at_ms - b.due_at_ms);
  const reported = last.obligations.filter((ob) => ob.unanswered && mine(ob)).sort((a, b) => a.performed_at_ms - b.performed_at_ms);
  const breaches = last.breaches.filter(mine);
  const schools = units.filter((u) => (!within || within.has(u.id)) && (owed.some((ob) => ob.unit === u.id) || breaches.some((b) => b.unit === u.id)));
  document.getElementById("numbers").replaceChildren(number("owed", owed.length),
    number("overdue", owed.filter((ob) => ob.due_at_ms < now).length, "over"),
    number("within_60", owed.filter((ob) => ob.due_at_ms >= now && ob.due_at_ms < now + 3600000).length, "near"),
    number("unanswered", reported.length), number("breaches_30", breaches.length));
  document.getElementById("tools").replaceChildren(...tools(last, owed));
  document.getElementById("owed").replaceChildren(card("by_time_left", owed.length
    ? table(["due", "case", "unit", "kind", "obligation", "owner", "state", ""], owed.map(owedRow), "stack") : el("p", { class: "muted" }, word("nothing_owed"))));
  document.getElementById("reported").replaceChildren(...(reported.length
    ? [card("reports", table(["performed_at", "case", "unit", "kind", "obligation", "recipient", "state", ""], reported.map(reportedRow), "stack"))] : []));
  document.getElementById("schools").replaceChildren(...(schools.length
    ? [card("by_school", table(["unit", "owed", "overdue", "within_60", "breaches_30"], schools.map((u) => schoolRow(u, owed, breaches, now))))] : []));
  document.getElementById("breaches").replaceChildren(...(breaches.length
    ? [card("breach_history", table(["when", "case", "unit", "", "obligation"], breaches.slice(0, 200).map(breachRow), "stack"))] : []));
  tick();
}

async function draw() {
  const [sla, history] = await Promise.all([getJson("/api/sla"), getJson("/api/breaches?days=30")]);
  clockOffsetMs = sla.now_ms - Date.now();
  last = { ...sla, breaches: history.breaches };
  document.getElementById("top").replaceChildren(topBar(sla.me));
  const stale = document.getElementById("stale");
  stale.hidden = !sla.stale;
  stale.textContent = word("stale");
  document.getElementById("stream-off").textContent = word("stream_off");
  document.title = `${word("sla")} · ${word("board")}`;
  show();
}
follow("/api/stream", draw);
draw();
