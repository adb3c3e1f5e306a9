// Files go to the server as they are, with a bar that shows how far it is.

// Where the file is for a field of another form, that field has it, and the page stays.
function choose(form, name) {
  const select = document.getElementById(form.dataset.into);
  const known = [...select.options].find((one) => one.value === name);
  if (!known) select.add(new Option(name, name));
  select.value = name;
  const said = form.querySelector("[data-stored]");
  said.textContent = `${name} is stored, and chosen.`;
  said.hidden = false;
}

export function startSending() {
  for (const form of document.querySelectorAll("form[data-send]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const file = form.querySelector("input[type=file]").files[0];
      if (!file) return;
      const fields = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string" && value));
      if (!fields.get("name")) fields.set("name", file.name);
      const bar = form.querySelector("progress");
      const said = form.querySelector("[data-said]");
      const request = new XMLHttpRequest();
      request.open("POST", `${form.getAttribute("action")}?${fields}`);
      request.setRequestHeader("X-CSRF-Token", document.querySelector("meta[name=csrf]").content);
      request.upload.onprogress = (step) => { bar.hidden = false; bar.value = step.loaded; bar.max = step.total; };
      request.onload = () => {
        bar.hidden = true;
        if (request.status < 300 && form.dataset.into) choose(form, fields.get("name"));
        else if (request.status < 300) location.href = request.responseText || location.href;
        else { said.hidden = false; said.textContent = request.responseText; }
        for (const button of form.querySelectorAll("button")) button.disabled = false;
      };
      request.onerror = () => { bar.hidden = true; said.hidden = false; said.textContent = "The server did not take it: the connection broke."; };
      said.hidden = true;
      request.send(file);
    });
    const input = form.querySelector("input[type=file]");
    input?.addEventListener("change", () => {
      const name = form.querySelector("input[name=name]");
      if (name && !name.value && input.files[0]) name.placeholder = input.files[0].name;
    });
  }
}
