// biome-ignore-all lint: every browser must be able to run this file, also one of 2010
/**
 * Script that runs before the first paint: chooses the language of the sign-in form in the
 * document, hides the form where the page will not show it, remembers Enter in it, and says so if
 * the browser is too old or the page's own scripts cannot be loaded. The build removes only the
 * types, so the file may use nothing that is newer than ECMAScript 5, and imports nothing.
 */

/** Inserted by the build, with those of the page. */
declare const KNOWN_KEY: string;
declare const SETTINGS_KEY: string;
declare const LANGUAGE_CODES: string;

function rootElement(): HTMLElement {
  return document.documentElement;
}

function readStored(key: string): any {
  try {
    return JSON.parse(localStorage.getItem(key) || "null");
  } catch (_) {
    return null;
  }
}

function chooseLanguage(): string {
  var preferred = [String((readStored(SETTINGS_KEY) || {}).language)];
  preferred = preferred.concat(navigator.languages || navigator.language || []);
  for (var i = 0; i < preferred.length; i++) {
    var code = preferred[i]!.toLowerCase().split("-")[0]!;
    if (LANGUAGE_CODES.split(",").indexOf(code) >= 0) return code;
  }
  return "en";
}

/** Safari cannot read expressions of the page's code before it got `CompressionStream`. */
function isTooOld(): boolean {
  var array: any = [];
  var isModern = "noModule" in document.createElement("script") && "findLast" in array;
  var isSafariModern = "CompressionStream" in window && "structuredClone" in window;
  return !(isModern && isSafariModern && "inert" in rootElement());
}

function showLine(name: string, makeButton: boolean): void {
  var line = document.querySelector(".is-first > .is-loading") as HTMLElement | null;
  if (line === null) return;
  line.textContent = line.getAttribute("data-" + name + "-" + rootElement().lang);
  if (makeButton) {
    var button = document.createElement("button");
    button.className = "button button-main";
    button.textContent = line.getAttribute("data-reload-" + rootElement().lang);
    button.onclick = function () {
      location.reload();
    };
    line.appendChild(document.createTextNode(" "));
    line.appendChild(button);
  }
  // The style shows either the form or this line.
  line.className = "";
  rootElement().removeAttribute("data-later");
}

function whenParsed(act: () => void): void {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", act);
  else act();
}

/** The form's button is disabled until the page has taken the form over. */
function rememberEnter(event: any): void {
  // Each key of the page comes here, also when the form is gone: this needs no search.
  var first = document.getElementsByClassName("is-first")[0];
  if (first === undefined || !first.contains(event.target)) return;
  if (event.key === "Enter") rootElement().setAttribute("data-entered", "");
  else if (event.type === "input") rootElement().removeAttribute("data-entered");
}

function onError(event: any): void {
  if (event.target.tagName !== "SCRIPT" || event.target.type !== "module") return;
  whenParsed(function () {
    showLine("lost", true);
  });
}

rootElement().lang = chooseLanguage();
if (
  /^#(link|reset)=/.test(location.hash) ||
  rootElement().getAttribute("data-share") !== null ||
  readStored(KNOWN_KEY) === true
) {
  rootElement().setAttribute("data-later", "");
}
if (isTooOld()) {
  rootElement().setAttribute("data-old", "");
  whenParsed(function () {
    var sheet = document.querySelector(".is-first .enter-sheet");
    if (sheet !== null && sheet.parentNode !== null) sheet.parentNode.removeChild(sheet);
    showLine("old", false);
  });
} else {
  addEventListener("error", onError, true);
  addEventListener("keydown", rememberEnter);
  addEventListener("input", rememberEnter);
}
