/**
 * Script that runs before the first paint: chooses the language of the sign-in form in the
 * document, hides the form where the page will not show it, remembers Enter in it, and says so if
 * the page's own scripts cannot be loaded.
 */

import { languageFor } from "../../ui/messages/languages.ts";
import { KNOWN_KEY, readLocal, SETTINGS_KEY } from "./shell/local.ts";

const root = document.documentElement;
const { language } = Object(readLocal(SETTINGS_KEY)) as { readonly language?: unknown };
root.lang = languageFor([String(language), ...navigator.languages]);
const hasOtherForm = /^#(link|reset)=/.test(location.hash);
if (hasOtherForm || root.dataset["share"] !== undefined || readLocal(KNOWN_KEY) === true) {
  root.dataset["later"] = "";
}

function showLost(): void {
  const line = document.querySelector<HTMLElement>(".is-first > .is-loading");
  const { [`lost${suffix()}`]: text = "", [`reload${suffix()}`]: label = "" } = line?.dataset ?? {};
  const button = document.createElement("button");
  button.className = "button button-main";
  button.textContent = label;
  button.onclick = () => location.reload();
  line?.replaceChildren(text, " ", button);
  // The style shows either the form or this line.
  line?.classList.remove("is-loading");
  delete root.dataset["later"];
}

function suffix(): string {
  return root.lang === "id" ? "Id" : "En";
}

const onError = ({ target }: Event) => {
  if (!(target instanceof HTMLScriptElement) || target.type !== "module") return;
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", showLost);
  else showLost();
};
addEventListener("error", onError, { capture: true });

/** The form's button is disabled until the page has taken the form over. */
function rememberEnter(event: Event): void {
  const { target } = event;
  if (!(target instanceof HTMLInputElement) || target.closest(".is-first") === null) return;
  if ((event as KeyboardEvent).key === "Enter") root.dataset["entered"] = "";
  else if (event.type === "input") delete root.dataset["entered"];
}
addEventListener("keydown", rememberEnter);
addEventListener("input", rememberEnter);
