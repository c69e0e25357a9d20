/**
 * Script that runs before the first paint: chooses the language of the sign-in form in the
 * document, and hides the form where the page will not show it.
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
