document.getElementById("sign-in").replaceChildren(
  el("label", { for: "login" }, word("login")), el("input", { id: "login", name: "login", autocomplete: "username", required: true, autofocus: true }),
  el("label", { for: "password" }, word("password")),
  el("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true }),
  location.search.includes("wrong") ? el("p", { class: "over" }, word("wrong")) : null,
  el("p", {}, el("button", { class: "primary", style: "width:100%" }, word("sign_in"))));
document.title = word("sign_in");
