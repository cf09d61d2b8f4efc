// Suggestions while somebody types: an ARIA combobox over /api/v1/suggest. Without this script the form still searches.
"use strict";

const WAIT_MS = 120;

class Suggestions {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector("input");
    this.list = form.querySelector("[role=listbox]");
    this.status = form.querySelector("[data-suggest-status]");
    this.active = -1;
    this.input.addEventListener("input", (event) => { if (!event.isComposing) this.schedule(); });
    this.input.addEventListener("compositionend", () => this.schedule());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.open(event.target.closest("[role=option]")));
  }

  get options() { return [...this.list.children]; }

  schedule() {
    clearTimeout(this.timer);
    this.pending?.abort();
    const text = this.input.value.trim();
    if (!text) { this.close(); this.status.textContent = ""; return; }
    this.timer = setTimeout(() => this.ask(text), WAIT_MS);
  }

  async ask(text) {
    this.pending = new AbortController();
    try {
      const answer = await fetch("/api/v1/suggest?" + new URLSearchParams({ q: text }), { signal: this.pending.signal });
      if (!answer.ok) throw new Error(`suggest answered ${answer.status}`);
      this.show((await answer.json()).suggestions, text);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.close();
      this.status.textContent = this.form.dataset.failed;
    }
  }

  show(suggestions, text) {
    this.list.replaceChildren(...suggestions.map((found, place) => option(found, place, text)));
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.toggle(suggestions.length > 0 && document.activeElement === this.input);
    this.status.textContent = suggestions.length
      ? this.form.dataset.some.replace("{count}", suggestions.length) : this.form.dataset.none;
  }

  toggle(isOpen) {
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", String(isOpen));
  }

  close() {
    this.toggle(false);
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.isComposing || this.list.hidden) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) { event.preventDefault(); this.move(steps[event.key]); }
    else if (event.key === "Enter" && this.active >= 0) { event.preventDefault(); this.open(this.options[this.active]); }
    else if (event.key === "Escape") { event.preventDefault(); this.close(); }
  }

  move(step) {
    const places = this.options.length + 1; // one more for the text itself
    this.active = (this.active + 1 + step + places) % places - 1;
    this.options.forEach((item, place) => item.setAttribute("aria-selected", String(place === this.active)));
    const chosen = this.options[this.active];
    if (chosen) { this.input.setAttribute("aria-activedescendant", chosen.id); chosen.scrollIntoView({ block: "nearest" }); }
    else this.input.removeAttribute("aria-activedescendant");
  }

  open(item) { if (item) location.assign(item.dataset.url); }
}

function option(found, place, text) {
  const item = element("li", "suggestion");
  Object.assign(item, { id: `suggestion-${place}`, role: "option", ariaSelected: "false" });
  item.dataset.url = found.record_url;
  const tone = found.grade === "NR" ? "nr" : found.grade[0].toLowerCase();
  item.append(
    element("span", `grade tone-${tone}`, found.grade),
    marked(found.name || found.credit_code, text),
    element("span", "suggestion-place", found.region_name),
  );
  return item;
}

function marked(name, text) {
  const whole = element("span", "suggestion-name");
  const start = name.toLowerCase().indexOf(text.toLowerCase());
  if (start < 0) { whole.textContent = name; return whole; }
  const end = start + text.length;
  whole.append(name.slice(0, start), element("mark", "", name.slice(start, end)), name.slice(end));
  return whole;
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

document.querySelectorAll("[data-suggest]").forEach((form) => new Suggestions(form));
