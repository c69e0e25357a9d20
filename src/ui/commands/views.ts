/** Commands that each UI answers in its own way: as lines, or in a dialog. */

import { formatTarget, parseTarget } from "../../base/names.ts";
import {
  type BareView,
  type Command,
  onOrOff,
  person,
  personOf,
  someText,
  split,
  type Ui,
  type Usage,
  type View,
  wordsOf,
} from "./command.ts";

const DIGIT_GROUPS = 12;

function view(usage: Usage, parse: (words: string, ui: Ui) => View | undefined): Command<View> {
  return { usage, parse, run: (order, _session, host) => host.show(order) };
}

function bare(kind: BareView): Command<View> {
  return view(`/${kind}`, (words) => (words === "" ? { kind } : undefined));
}

/** A command with arguments only in the terminal. */
function raw(kind: "send" | "set" | "help", usage: string): Command<View> {
  return view({ terminal: usage, page: `/${kind}` }, (words, ui) =>
    ui === "terminal" || words === "" ? { kind, words } : undefined,
  );
}

export const who = view({ terminal: "/who [ROOM]", page: "/who" }, (words, ui) => {
  const given = wordsOf(words, 0, ui === "terminal" ? 1 : 0);
  return given && { kind: "who", room: given[0]?.replace(/^#/, "") };
});
export const list = bare("list");
export const rooms = bare("rooms");
export const msg = view("/msg NAME TEXT", (words) => {
  const [name, text] = split(words);
  if (name === "") return undefined;
  const to = formatTarget(parseTarget(/^[@#]/.test(name) ? name : `@${name}`));
  return { kind: "msg", to, text };
});
export const ignored = bare("ignored");
export const saved = bare("saved");
export const pins = bare("pins");
export const send = raw("send", "/send PATH [TARGET] [--caption TEXT]");
export const files = bare("files");
export const seal = view("/seal @NAME", (words) => {
  const given = wordsOf(words, 1, 2) ?? [];
  const order = person(given.filter((word) => word !== "--yes").join(" "));
  return order && { kind: "seal", ...order, isSure: given.includes("--yes") };
});
export const sealed = view({ terminal: "/sealed [accept]", page: "/sealed" }, (words, ui) => {
  if (words === "") return { kind: "sealed", accept: false };
  return ui === "terminal" && words === "accept" ? { kind: "sealed", accept: true } : undefined;
});
export const verify = view(
  { terminal: "/verify NAME [DIGITS | accept]", page: "/verify NAME" },
  (words, ui) => {
    const given = wordsOf(words, 1, ui === "terminal" ? DIGIT_GROUPS + 1 : 1);
    const [name = "", ...said] = given ?? [];
    return given && { kind: "verify", user: personOf(name), said: said.join(" ") };
  },
);
export const search = view("/search TEXT", (words) => {
  const order = someText(words);
  return order && { kind: "search", ...order };
});
export const logout = bare("logout");
export const passwd = bare("passwd");
export const set = raw("set", "/set [KEY [VALUE]]");
export const notify = view(
  { terminal: "/notify [on|off [TARGET]]", page: "/notify on|off [TARGET]" },
  (words, ui) => {
    const [how = "", target] = wordsOf(words, 0, 2) ?? [];
    if (words === "" && ui === "terminal") return { kind: "notify", on: undefined };
    const order = onOrOff(how);
    return order && { kind: "notify", ...order, ...(target === undefined ? {} : { target }) };
  },
);
export const help = raw("help", "/help [COMMAND]");
export const quit = bare("quit");
