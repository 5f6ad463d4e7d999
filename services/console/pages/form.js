// A dialog that asks for fields and performs an action; what came of it is shown before the dialog closes.
function askForm(title, fields, perform) {
  const dialog = document.getElementById("form");
  const outcome = el("div", { class: "outcome", hidden: true });
  const inputs = fields.map((f) => [f, f.choices
    ? el("select", { name: f.name }, f.choices.map(([value, text]) => el("option", { value }, text)))
    : el(f.long ? "textarea" : "input", { name: f.name, type: f.type, value: f.value, step: f.type === "datetime-local" ? "1" : undefined })]);
  const submit = el("button", { class: "primary" }, word("send"));
  const form = el("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      submit.disabled = true;
      const body = {};
      let evidence = 0;
      for (const [f, input] of inputs) {
        const value = f.type === "datetime-local" ? new Date(input.value).getTime() : input.value;
        if (!f.evidence) body[f.name] = value;
        else if (value !== "") {
          body[`evidence.${evidence}.key`] = f.name;
          body[`evidence.${evidence++}.${f.choices ? "code" : "value"}`] = value;
        }
      }
      const result = await perform(body);
      outcome.hidden = false;
      outcome.className = `outcome ${result.outcome}`;
      outcome.textContent = word(result.outcome) + (result.reason ? `: ${word(result.reason, "r_")}` : "");
      submit.disabled = result.outcome === "applied";
      draw();
    },
  }, el("h2", {}, title), inputs.map(([f, input]) => [el("label", {}, f.label), input]), outcome,
    el("p", { class: "actions" }, submit, el("button", { type: "button", onclick: () => dialog.close() }, word("cancel"))));
  dialog.replaceChildren(form);
  dialog.showModal();
}

// Sends an action on a case; always answers {outcome, reason}.
async function sendAction(caseId, action, body) {
  try {
    const answer = await fetch(`/api/cases/${caseId}/${action}`, {
      method: "POST", headers: { "x-requested-with": "board" }, body: new URLSearchParams(body) });
    return await answer.json();
  } catch {
    return { outcome: "unavailable" };
  }
}

const reason = () => ({ name: "reason", label: word("reason"), long: true });

// The answers that a recipient gives to a report, and the word to its owner before there is one.
function obligationButtons(ob, perform) {
  const done = ["met", "met_late"].includes(ob.state) || ob.unanswered;
  const button = (name, action, answer) => el("button", { onclick: () => perform(name, action, answer) }, word(name));
  const list = [];
  if (["pending", "warned", "breached"].includes(ob.state) && ob.due_at_ms) list.push(button("urge", "urge"));
  if (done && ob.to_role && !ob.answer) {
    list.push(button("confirm", "respond", "confirmed"), button("give_back", "respond", "returned"), button("dispute", "respond", "disputed"));
  }
  return list;
}

function card(title, ...content) {
  return el("section", { class: "card" }, el("h2", {}, word(title)), content);
}

// `css` "stack": on a telephone each row becomes a block without heads.
function table(heads, rows, css = "") {
  return el("div", { class: "scroll" }, el("table", { class: css },
    el("thead", {}, el("tr", {}, heads.map((h) => el("th", {}, h ? word(h) : "")))),
    el("tbody", {}, rows)));
}
