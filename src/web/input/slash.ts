import { isName } from "../../base/names.ts";
import { untilOf } from "../../core/duration.ts";
import { SLASH_ALIASES } from "../../ui/commands/aliases.ts";
import type { AllTexts } from "../../ui/messages/en/parts.ts";

/** Words that begin with `/` in the composer; the same as in the terminal, where both have them. */

type Alone = "sealed" | "rooms" | "saved" | "passwd" | "logout" | "help" | Shown;
/** What the page has a place for. */
type Shown = "who" | "list" | "pins" | "ignored" | "files" | "send" | "set";

export type SlashCommand =
  | {
      readonly kind: "join";
      readonly room: string;
      readonly password: string | undefined;
      sealed: boolean;
    }
  /** Without a name an address is made, by which somebody new comes in. */
  | { readonly kind: "invite"; readonly user: string | undefined }
  | { readonly kind: "seal" | "verify"; readonly user: string }
  | { readonly kind: Alone }
  /** Left out: what is open. */
  | { readonly kind: "leave"; readonly room: string | undefined }
  | { readonly kind: "topic" | "search"; readonly text: string }
  | { readonly kind: "edit"; readonly text: string }
  /** `to`: `@bob` or `lobby`. */
  | { readonly kind: "msg"; readonly to: string; readonly text: string }
  | { readonly kind: "ignore" | "kick" | "grant"; readonly user: string; on: boolean }
  /** `forMs`: left out, until it is lifted. */
  | { readonly kind: "mute"; readonly user: string; on: boolean; readonly forMs?: number }
  | {
      readonly kind: "ban";
      readonly whom: { readonly user: string } | { readonly address: string };
      readonly forMs?: number;
      readonly reason?: string;
    }
  /** About a message: without its number, the last one of another user, or one's own. */
  | { readonly kind: "reply"; readonly seq: number | undefined; readonly text: string }
  | { readonly kind: "react"; readonly seq: number | undefined; readonly sign: string }
  | { readonly kind: "pin" | "save"; readonly seq: number | undefined; readonly on: boolean }
  | { readonly kind: "erase"; readonly seq: number | undefined }
  | { readonly kind: "quiet" | "receipts"; readonly on: boolean }
  | { readonly kind: "notify"; readonly on: boolean; readonly target: string | undefined }
  /** To be sent: `/me`, and what began with `//` without the first of them. */
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "unknown"; readonly word: string }
  | { readonly kind: "misused"; readonly usage: string; readonly summary: Summary };

type Summary = keyof AllTexts & `cmd${string}`;

interface SlashRow {
  readonly usage: string;
  readonly summary: Summary;
  readonly read: (words: string) => SlashCommand | undefined;
}

/** @returns undefined: there are fewer, or more */
function given(words: string, min: number, max: number): readonly string[] | undefined {
  const all = words === "" ? [] : words.split(/\s+/);
  return all.length >= min && all.length <= max ? all : undefined;
}

const alone = (kind: Alone) => (words: string) => (words === "" ? { kind } : undefined);

function person(kind: "ignore" | "kick" | "grant", on: boolean): SlashRow["read"] {
  return (words) => {
    const user = oneName(words);
    return user === undefined ? undefined : { kind, user, on };
  };
}

function oneName(words: string): string | undefined {
  const user = words.replace(/^@/, "");
  return /^\S+$/.test(user) ? user : undefined;
}

function named(kind: "seal" | "verify"): SlashRow["read"] {
  return (words) => {
    const user = oneName(words);
    return user === undefined ? undefined : { kind, user };
  };
}

function join(words: string): SlashCommand | undefined {
  const all = words.split(/\s+/);
  const rest = all.filter((word) => word !== "--sealed");
  const sealed = rest.length < all.length;
  const [room = "", password, ...more] = rest;
  // A password that was meant to be a flag would lock the room; and a sealed one has none.
  const isFlag = [room, password].some((word) => word?.startsWith("--") === true);
  if (room === "" || more.length > 0 || isFlag || (sealed && password !== undefined))
    return undefined;
  return { kind: "join", room: room.replace(/^#/, ""), password, sealed };
}

function leave(words: string): SlashCommand | undefined {
  const [room] = given(words, 0, 1) ?? [""];
  return room === "" ? undefined : { kind: "leave", room: room?.replace(/^#/, "") };
}

function invite(words: string): SlashCommand | undefined {
  if (words === "") return { kind: "invite", user: undefined };
  const user = oneName(words);
  return user === undefined ? undefined : { kind: "invite", user };
}

function msg(words: string): SlashCommand | undefined {
  const [, to = "", text = ""] = /^(\S+)\s*([\s\S]*)$/.exec(words) ?? [];
  const isNamed = isName(to.replace(/^[@#]/, ""));
  if (!isNamed) return undefined;
  return { kind: "msg", to: to.startsWith("#") ? to.slice(1) : `@${to.replace("@", "")}`, text };
}

/** Milliseconds of `10m`, as the terminal reads it; undefined: it is no length of time. */
function spanOf(text: string): number | undefined {
  try {
    return untilOf(text, 0);
  } catch {
    return undefined;
  }
}

function mute(words: string): SlashCommand | undefined {
  const [name, time] = given(words, 1, 2) ?? [];
  const user = oneName(name ?? "");
  if (user === undefined) return undefined;
  if (time === undefined) return { kind: "mute", user, on: true };
  const forMs = spanOf(time);
  return forMs === undefined ? undefined : { kind: "mute", user, on: true, forMs };
}

function unmute(words: string): SlashCommand | undefined {
  const user = oneName(words);
  return user === undefined ? undefined : { kind: "mute", user, on: false };
}

function ban(words: string): SlashCommand | undefined {
  const [, first = "", rest = ""] = /^@?(\S+)\s*([\s\S]*)$/.exec(words) ?? [];
  if (first === "") return undefined;
  const whom = isName(first) ? { user: first } : { address: first };
  const [, time = "", more = ""] = /^(\d+[smhd])(?:\s+([\s\S]*))?$/.exec(rest) ?? [];
  const forMs = spanOf(time);
  if (time !== "" && forMs === undefined) return undefined;
  const reason = time === "" ? rest : more;
  return {
    kind: "ban",
    whom,
    ...(forMs === undefined ? {} : { forMs }),
    ...(reason === "" ? {} : { reason }),
  };
}

const SEQ = /^[1-9]\d{0,14}$/;

function reply(words: string): SlashCommand | undefined {
  const [, seq, text = words] = /^([1-9]\d{0,14})\s+([\s\S]+)$/.exec(words) ?? [];
  if (text === "") return undefined;
  return { kind: "reply", seq: seq === undefined ? undefined : Number(seq), text };
}

function react(words: string): SlashCommand | undefined {
  const [sign, seq] = given(words, 1, 2) ?? [];
  if (sign === undefined || (seq !== undefined && !SEQ.test(seq))) return undefined;
  return { kind: "react", seq: seq === undefined ? undefined : Number(seq), sign };
}

/** @param min 1: its number has to be there */
function about(min: 0 | 1, make: (seq: number | undefined) => SlashCommand): SlashRow["read"] {
  return (words) => {
    if (words === "") return min === 0 ? make(undefined) : undefined;
    return SEQ.test(words) ? make(Number(words)) : undefined;
  };
}

const SWITCHES: Readonly<Record<string, boolean>> = { on: true, off: false };

/** @param word what is meant if nothing is said */
function switched(kind: "quiet" | "receipts", word: string): SlashRow["read"] {
  return (words) => {
    const on = SWITCHES[words || word];
    return on === undefined ? undefined : { kind, on };
  };
}

function notify(words: string): SlashCommand | undefined {
  const [how = "", target] = given(words, 1, 2) ?? [];
  const on = SWITCHES[how];
  return on === undefined ? undefined : { kind: "notify", on, target: target?.replace(/^#/, "") };
}

/** @returns undefined: something has to be said */
const texted =
  (make: (text: string) => SlashCommand): SlashRow["read"] =>
  (text) =>
    text === "" ? undefined : make(text);

const ROWS: Readonly<Record<string, readonly [string, Summary, SlashRow["read"]]>> = {
  join: ["ROOM [PASSWORD | --sealed]", "cmdJoin", join],
  leave: ["[ROOM]", "cmdLeave", leave],
  topic: ["[TEXT]", "cmdTopic", (text) => ({ kind: "topic", text })],
  who: ["", "cmdWho", alone("who")],
  list: ["", "cmdList", alone("list")],
  rooms: ["", "cmdRooms", alone("rooms")],
  msg: ["NAME TEXT", "cmdMsg", msg],
  me: ["TEXT", "cmdMe", texted((text) => ({ kind: "say", text: `/me ${text}` }))],
  reply: ["[SEQ] TEXT", "cmdReply", reply],
  react: ["EMOJI [SEQ]", "cmdReact", react],
  edit: ["TEXT", "cmdEdit", texted((text) => ({ kind: "edit", text }))],
  erase: ["[SEQ]", "cmdErase", about(0, (seq) => ({ kind: "erase", seq }))],
  ignore: ["NAME", "cmdIgnore", person("ignore", true)],
  unignore: ["NAME", "cmdUnignore", person("ignore", false)],
  ignored: ["", "cmdIgnored", alone("ignored")],
  quiet: ["[on|off]", "cmdQuiet", switched("quiet", "on")],
  notify: ["on|off [TARGET]", "cmdNotify", notify],
  save: ["[SEQ]", "cmdSave", about(0, (seq) => ({ kind: "save", seq, on: true }))],
  unsave: ["SEQ", "cmdUnsave", about(1, (seq) => ({ kind: "save", seq, on: false }))],
  saved: ["", "cmdSaved", alone("saved")],
  pin: ["[SEQ]", "cmdPin", about(0, (seq) => ({ kind: "pin", seq, on: true }))],
  unpin: ["SEQ", "cmdUnpin", about(1, (seq) => ({ kind: "pin", seq, on: false }))],
  pins: ["", "cmdPins", alone("pins")],
  receipts: ["on|off", "cmdReceipts", switched("receipts", "")],
  invite: ["[NAME]", "cmdInvite", invite],
  kick: ["NAME", "cmdKick", person("kick", true)],
  mute: ["NAME [TIME]", "cmdMute", mute],
  unmute: ["NAME", "cmdUnmute", unmute],
  ban: ["NAME [TIME] [REASON]", "cmdBan", ban],
  grant: ["NAME", "cmdGrant", person("grant", true)],
  revoke: ["NAME", "cmdRevoke", person("grant", false)],
  send: ["", "cmdSend", alone("send")],
  files: ["", "cmdFiles", alone("files")],
  seal: ["@NAME", "cmdSeal", named("seal")],
  sealed: ["", "cmdSealed", alone("sealed")],
  verify: ["NAME", "cmdVerify", named("verify")],
  search: ["TEXT", "cmdSearch", texted((text) => ({ kind: "search", text }))],
  set: ["", "cmdSet", alone("set")],
  passwd: ["", "cmdPasswd", alone("passwd")],
  logout: ["", "cmdLogout", alone("logout")],
  quit: ["", "cmdLogout", alone("logout")],
  help: ["", "cmdHelp", alone("help")],
};

export const SLASH: ReadonlyMap<string, SlashRow> = new Map(
  Object.entries(ROWS).map(([word, [words, summary, read]]) => {
    return [word, { usage: `/${word} ${words}`.trim(), summary, read }];
  }),
);

/** @returns undefined: these are words for others */
export function slashCommand(text: string): SlashCommand | undefined {
  if (text.startsWith("//")) return { kind: "say", text: text.slice(1) };
  if (!text.startsWith("/")) return text === "QUIT" ? { kind: "logout" } : undefined;
  const [, word = "", words = ""] = /^\/(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  const typed = word.toLowerCase();
  if (typed === "sendall" && words !== "") return { kind: "say", text: words };
  const row = SLASH.get(Object.hasOwn(SLASH_ALIASES, typed) ? (SLASH_ALIASES[typed] ?? "") : typed);
  if (row === undefined) return { kind: "unknown", word };
  const { usage, summary } = row;
  return row.read(words.trim()) ?? { kind: "misused", usage, summary };
}
