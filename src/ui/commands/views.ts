/** Slash commands that open a view. */

import { formatTarget, parseTarget } from "../../base/names.ts";
import {
  type Command,
  parseOnOff,
  parseText,
  parseUser,
  type SimpleView,
  splitFirstWord,
  splitWords,
  type Ui,
  type Usage,
  type View,
  withoutAt,
} from "./command.ts";

const DIGIT_GROUPS = 12;

function defineView(
  usage: Usage,
  parse: (input: string, ui: Ui) => View | undefined,
): Command<View> {
  return { usage, parse, run: (args, _session, host) => host.show(args) };
}

function simpleView(kind: SimpleView): Command<View> {
  return defineView(`/${kind}`, (input) => (input === "" ? { kind } : undefined));
}

function inputView(kind: "send" | "set" | "irc-password" | "help", usage: string): Command<View> {
  return defineView({ terminal: usage, page: `/${kind}` }, (input, ui) =>
    ui === "terminal" || input === "" ? { kind, input } : undefined,
  );
}

export const who = defineView({ terminal: "/who [ROOM]", page: "/who" }, (input, ui) => {
  const words = splitWords(input, 0, ui === "terminal" ? 1 : 0);
  return words && { kind: "who", room: words[0]?.replace(/^#/, "") };
});
export const list = simpleView("list");
export const rooms = simpleView("rooms");
export const msg = defineView("/msg NAME TEXT", (input) => {
  const [name, text] = splitFirstWord(input);
  if (name === "") return undefined;
  const to = formatTarget(parseTarget(/^[@#]/.test(name) ? name : `@${name}`));
  return { kind: "msg", to, text };
});
export const ignored = simpleView("ignored");
export const saved = simpleView("saved");
export const pins = simpleView("pins");
export const send = inputView("send", "/send PATH [TARGET] [--caption TEXT]");
export const files = simpleView("files");
export const seal = defineView("/seal @NAME", (input) => {
  const words = splitWords(input, 1, 2) ?? [];
  const args = parseUser(words.filter((word) => word !== "--yes").join(" "));
  return args && { kind: "seal", ...args, isConfirmed: words.includes("--yes") };
});
export const sealed = defineView({ terminal: "/sealed [accept]", page: "/sealed" }, (input, ui) => {
  if (input === "") return { kind: "sealed", accept: false };
  return ui === "terminal" && input === "accept" ? { kind: "sealed", accept: true } : undefined;
});
export const verify = defineView(
  { terminal: "/verify NAME [DIGITS | accept]", page: "/verify NAME" },
  (input, ui) => {
    const words = splitWords(input, 1, ui === "terminal" ? DIGIT_GROUPS + 1 : 1);
    const [name = "", ...confirmation] = words ?? [];
    return words && { kind: "verify", user: withoutAt(name), confirmation: confirmation.join(" ") };
  },
);
export const search = defineView("/search TEXT", (input) => {
  const args = parseText(input);
  return args && { kind: "search", ...args };
});
export const logout = simpleView("logout");
export const passwd = simpleView("passwd");
export const set = inputView("set", "/set [KEY [VALUE]]");
export const notify = defineView(
  { terminal: "/notify [on|off [TARGET]]", page: "/notify on|off [TARGET]" },
  (input, ui) => {
    const [state = "", target] = splitWords(input, 0, 2) ?? [];
    if (input === "" && ui === "terminal") return { kind: "notify", on: undefined };
    const args = parseOnOff(state);
    return args && { kind: "notify", ...args, ...(target === undefined ? {} : { target }) };
  },
);
export const ircPassword = inputView("irc-password", "/irc-password [new|list|revoke ID]");
export const help = inputView("help", "/help [COMMAND]");
export const quit = simpleView("quit");
