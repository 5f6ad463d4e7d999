// The board: open cases of the user's schools, the most urgent deadline first.
function number(label, value, css = "") {
  return el("div", {}, el("b", { class: css }, String(value)), el("span", { class: "small muted" }, word(label)));
}

function row(item) {
  const next = item.next;
  return el("a", { class: `case level-${item.level}`, href: `/case/${item.id}` },
    el("span", { class: "bar" }),
    el("span", { class: "body" },
      el("span", { class: "title" },
        el("span", { class: "badge solid" }, word(item.level, "level_")),
        el("span", {}, word(item.kind, "kind_")),
        el("span", {}, item.subject_label),
        el("span", { class: "badge" }, word(item.state, "state_"))),
      el("span", { class: "small muted" },
        `${item.unit_label} · ${item.number} · ${word("opened")} ${clock(item.opened_at_ms)}`,
        item.acknowledged_by ? ` · ${word(item.acknowledged_by, "role_")}` : "")),
    el("span", { class: "due" },
      next ? [el("span", { class: "count", "data-due": next.due_at_ms }), " ", el("span", { class: "small muted" }),
        el("div", { class: "small" }, word(next.obligation, "ob_"))]
        : el("span", { class: "small muted" }, word("none_due"))));
}

async function draw() {
  const board = await getJson("/api/board");
  clockOffsetMs = board.now_ms - Date.now();
  const due = board.cases.filter((c) => c.next);
  document.getElementById("top").replaceChildren(topBar(board.me));
  const stale = document.getElementById("stale");
  stale.hidden = !board.stale;
  stale.textContent = word("stale");
  document.getElementById("stream-off").textContent = word("stream_off");
  document.getElementById("numbers").replaceChildren(
    number("open_cases", board.cases.length),
    number("crisis_cases", board.cases.filter((c) => c.level === "crisis").length),
    number("overdue", due.filter((c) => c.next.due_at_ms < board.now_ms).length, "over"),
    number("within_10", due.filter((c) => c.next.due_at_ms >= board.now_ms && c.next.due_at_ms < board.now_ms + 600000).length, "near"));
  document.getElementById("cases").replaceChildren(
    ...(board.cases.length ? board.cases.map(row) : [el("p", { class: "muted" }, word("nothing"))]));
  document.title = word("board");
  tick();
}
follow("/api/stream", draw);
draw();
