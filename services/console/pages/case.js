// One case: what is known, what is owed, who was told, and every action a person may take.
const caseId = location.pathname.split("/").pop();
let caseUnit = "";

function facts(view) {
  const line = (label, value) => (value ? [el("dt", {}, word(label)), el("dd", {}, value)] : []);
  const call = view.callback ? el("a", { href: `tel:${view.callback}` }, view.callback) : null;
  return card("case", el("dl", {},
    line("subject", view.subject_label), line("place", [word(view.place, "place_"), view.place_detail].filter(Boolean).join(" · ")),
    line("with_pupil", view.with_pupil), line("callback", call), line("what_happened", view.text),
    line("opened", clock(view.opened_at_ms))));
}

function obligationRow(ob) {
  const open = ["pending", "warned", "breached"].includes(ob.state);
  return el("tr", {},
    el("td", {}, word(ob.id, "ob_") + (ob.occurrence ? ` ${ob.occurrence}` : "")),
    el("td", { class: "tight" }, word(ob.owner_role, "role_")),
    el("td", { class: "time" }, ob.due_at_ms ? clock(ob.due_at_ms) : "—", el("br"),
      open && ob.due_at_ms ? [el("span", { "data-due": ob.due_at_ms }), " ", el("span", { class: "small muted" })] : null),
    el("td", { class: "tight" }, word(ob.state, "o_") + (ob.recorded_late ? `（${word("recorded_late")}）` : "")),
    el("td", {}, el("div", { class: "actions" },
      open ? [el("button", { class: "primary", onclick: () => met(ob) }, word("record")), el("button", { onclick: () => waive(ob) }, word("waive"))] : null,
      ob.answer ? el("span", { class: "small muted" }, word(ob.answer, "a_")) : null,
      obligationButtons(ob, (title, action, answer) => ask(`${word(title)} · ${word(ob.id, "ob_")}`, action, [reason()],
        { obligation: ob.id, episode: ob.episode, ...(answer ? { answer } : {}) })))));
}

function toldRow(told) {
  return el("tr", {},
    el("td", {}, told.name || told.person), el("td", {}, word(told.role, "role_")),
    el("td", {}, told.channel ? word(told.channel, "ch_") : ""), el("td", { class: "time" }, clock(told.at_ms)),
    el("td", {}, told.not_told ? `${word("not_told")}: ${told.not_told}` : word(told.state, "n_")));
}

// A fact of a journal line in words: times as times, persons by name, codes by their word where there is one.
function factText(fact, line) {
  if (fact.key === "person") return fact.value === line.actor ? "" : fact.name || fact.value.slice(0, 8);
  if (fact.key.endsWith("_ms")) return `${word(fact.key.slice(0, -3), "f_")} ${clock(Number(fact.value))}`;
  const prefix = { role: "role_", obligation: "ob_", command: "", via: "v_" }[fact.key];
  return prefix === undefined ? `${word(fact.key, "f_")} ${fact.value}` : word(fact.value, prefix);
}

function journalRow(line) {
  const detail = (line.facts || []).filter((f) => f.key !== "role" || f.value !== line.actor_role).map((f) => factText(f, line));
  const who = line.actor ? [line.actor_name || line.actor.slice(0, 8), word(line.actor_role, "role_")] : [];
  return el("tr", {},
    el("td", { class: "time" }, clock(line.at_ms)),
    el("td", {}, word(line.what, "j_"), line.outcome === "refused" ? ` (${word("refused")}: ${word(line.reason, "r_")})` : "",
      el("div", { class: "small muted" }, [...who, ...detail].filter(Boolean).join(" · "))));
}

// Asks for the fields and sends the action on this case.
function ask(title, action, fields, fixed = {}) {
  askForm(title, fields, (body) => sendAction(caseId, action, { unit: caseUnit, ...fixed, ...body }));
}

function localNow() {
  const now = new Date(Date.now() + clockOffsetMs);
  return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

const choices = (codes, prefix) => codes.map((code) => [code, word(code, prefix)]);

function met(ob) {
  const evidence = (ob.evidence_shape || []).map((e) => ({ name: e.key, label: e.key, evidence: true, choices: e.codes?.length ? choices(e.codes, "") : undefined }));
  ask(word(ob.id, "ob_"), "met", [{ name: "performed_at_ms", label: word("performed_at"), type: "datetime-local", value: localNow() }, ...evidence],
    { obligation: ob.id, occurrence: ob.occurrence, episode: ob.episode });
}

function waive(ob) {
  ask(word("waive"), "waive", [reason()], { obligation: ob.id, occurrence: ob.occurrence, episode: ob.episode });
}

function actions(view) {
  const person = { name: "person", label: word("person"), choices: view.people.map((p) => [p.person, `${p.name || p.person} · ${word(p.role, "role_")}`]) };
  const list = {
    acknowledge: () => ask(word("acknowledge"), "acknowledge", []),
    request_help: () => ask(word("request_help"), "request_help", [{ name: "role", label: word("role"), choices: choices(["police_liaison", "hospital"], "role_") }, reason()]),
    conflict: () => ask(word("conflict"), "conflict", [person, { name: "conflict_reason", label: word("reason"), choices: choices(["pupil_fears", "unfit_now", "suspected_offender"], "") }]),
    release: () => ask(word("release"), "release", [{ name: "person", label: word("person"), choices: view.holds.map((h) => [h.what, h.name || h.what]) }, reason()]),
    level: () => ask(word("level"), "level", [{ name: "level", label: word("level"), choices: choices(["attention", "warning", "high", "crisis"], "level_") }, reason()]),
    join: () => ask(word("join"), "join", [{ name: "other_case_id", label: word("case") }]),
    settle: () => ask(word("settle"), "settle", [reason()]),
    stand_down: () => ask(word("stand_down"), "stand_down", [{ name: "stand_down_reason", label: word("reason"), choices: choices(["mistaken", "duplicate", "false_report", "wrong_person"], "") }]),
    confirm_stand_down: () => ask(word("confirm_stand_down"), "confirm_stand_down", []),
    close: () => ask(word("close"), "close", [{ name: "outcome", label: word("outcome"), choices: choices(["true", "benign", "false", "malicious", "unknown"], "") }, reason()]),
    note: () => ask(word("note"), "note", [reason()]),
  };
  return card("actions", el("div", { class: "actions" }, Object.keys(list).filter((name) => view.actions.includes(name)).map((name) =>
    el("button", { class: name === "acknowledge" ? "danger" : undefined, onclick: list[name] }, word(name)))));
}

function heading(view) {
  return el("p", { class: `level-${view.level}` }, el("a", { href: "/" }, word("back")), " ",
    el("span", { class: "badge solid" }, word(view.level, "level_")), " ", el("b", {}, word(view.kind, "kind_")), " ",
    el("span", { class: "badge" }, word(view.state, "state_")), " ",
    el("span", { class: "muted small" }, `${view.unit_label} · ${view.number} · ${word("opened_name")}`));
}

async function draw() {
  const view = await getJson(`/api/cases/${caseId}`);
  caseUnit = view.unit;
  clockOffsetMs = view.now_ms - Date.now();
  document.getElementById("top").replaceChildren(topBar(view.me));
  const stale = document.getElementById("stale");
  stale.hidden = !view.stale;
  stale.textContent = word("stale");
  document.getElementById("stream-off").textContent = word("stream_off");
  document.getElementById("case").replaceChildren(heading(view), el("div", { class: "columns" },
    el("div", {}, facts(view), card("obligations", table(["obligations", "owner", "due", "state", ""], view.obligations.map(obligationRow))),
      card("told", table(["who", "role", "channel", "when", "result"], view.told.map(toldRow)))),
    el("div", {}, actions(view), card("why", el("ul", {}, view.why.map((w) => el("li", {}, w.text,
      el("div", { class: "small muted" }, (w.values || []).map((v) => `${v.name} = ${v.value}`).join(", ")))))),
      card("chronology", table(["when", ""], view.chronology.map(journalRow))))));
  document.title = `${view.number} · ${word("board")}`;
  tick();
}
follow(`/api/stream?case=${caseId}`, draw);
draw();
