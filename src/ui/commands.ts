/** Slash commands of every user interface. */

import { asFault, Fault, ignoreFault, msg, type Translatable } from "../base/fault.ts";
import { ROOM_CHALKS, SLOW_SECONDS_MAX } from "../base/limits.ts";
import { boxNames, checkName, formatTarget, parseRoom, parseTarget } from "../base/names.ts";
import { parseTime, type TimeContext } from "../base/parse-time.ts";
import { quoteText } from "../base/text.ts";
import { formatUtc } from "../base/time.ts";
import { defined } from "../base/values.ts";
import { foldWords } from "../base/word-fold.ts";
import { putAllIn, putInPlan } from "../client/put-in.ts";
import { remindAll } from "../client/remind.ts";
import { setProfile } from "../client/room-profile.ts";
import { KEY_LETTERS } from "../core/client/person-keys.ts";
import { checkTypedRoom } from "../core/client/room-names.ts";
import { isDuration, parseUntil, withUtcTime } from "../core/duration.ts";
import { isSameName } from "../core/model/item.ts";
import { adderIn, postTarget, roomOf } from "../core/model/selectors.ts";
import { withoutIgnored } from "../core/model/unignored.ts";
import { checkChoices, POLL_HIDES, type PollHide } from "../core/rooms/polls.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import { BOX_RULES, JOIN_RULES, WHO } from "../wire/field.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import { isIpv4 } from "../wire/host.ts";
import { RECORD_KINDS } from "../wire/kinds.ts";
import type { RequestFields, RoomFace, Answer as WireAnswer } from "../wire/messages.ts";
import {
  type Chat,
  type Command,
  type CommandAnswer,
  FILES_VERBS,
  type Host,
  isSeq,
  type JoinArgs,
  joinTimes,
  parseOnOff,
  parseOptionalSeq,
  parsePeople,
  parseSeq,
  parseText,
  parseUser,
  roomFor,
  type SimpleView,
  splitFirstWord,
  splitWords,
  type Ui,
  type Usage,
  type View,
  type Views,
  withoutAt,
} from "./command.ts";
import { ENGLISH, type Texts } from "./messages/en/page.ts";
import type { TerminalMessage } from "./messages/en/terminal.ts";
import { parseSearch } from "./search-query.ts";
import { pollRows } from "./text/poll-text.ts";
import { missingUsers } from "./text/rules-text.ts";
import { timesIn, timesNow } from "./text/times.ts";

interface User {
  readonly user: string;
}

interface OptionalSeq {
  readonly seq: number | undefined;
}

/** Each rule with its value, and a password. */
const RULE_WORDS_MAX = 16;

/** Digits of a safety number, in groups. */
const DIGIT_GROUPS = 12;

const join: Command<JoinArgs> = {
  usage: "/join ROOM [PASSWORD | --sealed [--history] | --assignment]",
  parse(input) {
    const all = splitWords(input, 1, 3);
    if (all === undefined) return undefined;
    const words = all.filter((word) => word !== "--history");
    const history = words.length < all.length;
    if (words.length > 2) return undefined;
    const isFlag = (word: string) => word === "--sealed" || word === "--assignment";
    const [room, password, ...more] = words.filter((word) => !isFlag(word));
    const sealed = words.includes("--sealed");
    const assignment = words.includes("--assignment");
    if (room === undefined || more.length > 0) return undefined;
    const flag = [room, password].find((word) => word?.startsWith("--") === true);
    // A mistyped flag must not be used as the room password.
    if (flag !== undefined) throw unknownFlag(flag);
    if (sealed && password !== undefined) return undefined;
    if (history && !sealed) return undefined;
    const name = parseRoom(room);
    if (words.length > 1 && boxNames(name) !== undefined) return undefined;
    const flags = { history: history || undefined, assignment: assignment || undefined };
    return { room: name, password, sealed, ...flags };
  },
  async run(args, chat, host) {
    const { room, sealed, history, assignment } = args;
    if (boxNames(room) !== undefined) return openBox(room, chat);
    if (assignment === true) chat.actions.checkAssignment(sealed);
    // Opens a room of the user without a connection, too.
    const own = roomOf(chat.model, room);
    if (own !== undefined && args.password === undefined && sealed !== true && assignment !== true)
      return { json: { kind: "joined", room: own.name, created: false }, roomToOpen: own.target };
    const attempt = () => host.join(args);
    const isSealed = sealed === true;
    const answer = await (isSealed ? chat.actions.sealAfter(room, attempt, history) : attempt());
    if (answer === undefined) return undefined;
    const { name, created, unlocked } = answer;
    const isMade = !created && assignment === true;
    const marks = defined({ unlocked, assignment: isMade || undefined });
    const json = { kind: "joined", room: name, created, ...marks };
    if (!created && !isMade && unlocked !== true) return { json, roomToOpen: name };
    const note: TerminalMessage = (texts) => {
      if (created) return (isSealed ? texts.sealedRoomCreated : texts.roomCreated)(name);
      return isMade ? texts.existingAssignment(name) : texts.noPassword(name);
    };
    return { json, note, roomToOpen: name };
  },
};

/**
 * A box has members without joins: its owner, and the moderators of its room.
 * @throws {Fault} room-unknown
 */
export function boxTarget(target: string, chat: Chat): string {
  const box = roomOf(chat.model, target);
  const { room = "" } = boxNames(target) ?? {};
  const isOwn = isSameName(postTarget(chat.model, room), target);
  const mayOpen = isOwn || roomOf(chat.model, room)?.moderates === true;
  const name = box?.target ?? (mayOpen ? target : undefined);
  if (name === undefined) {
    throw new Fault("room-unknown", msg`no box named '${target}', or you may not read it`, {
      remedy: msg`see who has handed in work: ${"/handed"}`,
    });
  }
  return name;
}

function openBox(target: string, chat: Chat): CommandAnswer {
  const name = boxTarget(target, chat);
  return { json: { kind: "joined", room: name, created: false }, roomToOpen: name };
}

function unknownFlag(flag: string): Fault {
  return new Fault("usage", msg`unknown option for /join: ${flag.slice(0, 40)}`, {
    remedy: msg`passwords cannot start with --; for an encrypted room: ${"/join ROOM --sealed"}`,
  });
}

const leave: Command<{ readonly room: string | undefined }> = {
  usage: "/leave [ROOM]",
  parse(input) {
    const words = splitWords(input, 0, 1);
    const room = words?.[0];
    return words && { room: room && parseRoom(room) };
  },
  async run(args, chat, host) {
    const { current } = host;
    if (args.room === undefined && current.startsWith("@")) return hideConversation(chat, current);
    const room = args.room ?? current;
    const adder = adderIn(chat.model, room);
    const isLast = await chat.actions.isLastModerator(room);
    if (isLast && !(await host.confirmDeparture(room))) return undefined;
    await chat.actions.leave(room);
    const text: TerminalMessage = (texts) => texts.leftRoom(room, adder);
    return { json: defined({ kind: "left", room, addedBy: adder }), text, leftRoom: room };
  },
};

/** A user cannot leave a conversation, so it is hidden until its next message. */
async function hideConversation(chat: Chat, target: string): Promise<CommandAnswer> {
  // Messages in flight would make the conversation visible again.
  await chat.actions.sent(target).catch(ignoreFault);
  chat.actions.hide(target);
  return { note: (texts) => texts.returnedTo(chat.actions.lastRoom), leftRoom: target };
}

const topic: Command<{ readonly text: string }> = {
  usage: "/topic [TEXT]",
  parse: (text) => ({ text }),
  async run({ text }, chat, host) {
    if (text === "") return host.show({ kind: "topic" });
    const room = roomFor(chat, host);
    return { seq: await chat.actions.setTopic(room, text) };
  },
};

const title: Command<{ readonly text: string }> = {
  usage: "/title [TEXT]",
  parse: (text) => ({ text }),
  async run({ text }, chat, host) {
    const room = roomFor(chat, host);
    const { title: shown = "", seq } = await setProfile(chat, room, { title: text });
    return {
      json: { kind: "title", room, title: shown, ...defined({ seq }) },
      text: (texts) => (shown === "" ? texts.titleRemoved(room) : texts.titleSet(room, shown)),
    };
  },
};

const face: Command<RoomFace> = {
  usage: "/face [EMOJI] [COLOUR]",
  parse(text) {
    const words = splitWords(text, 0, 2);
    if (words === undefined) return undefined;
    const [mark, colour] = words;
    return defined({ mark, chalk: colour === undefined ? undefined : parseColour(colour) });
  },
  async run({ mark = "", chalk = 0 }, chat, host) {
    const room = roomFor(chat, host);
    const { face: shown = {}, seq } = await setProfile(chat, room, { mark, chalk });
    return {
      json: { kind: "face", room, ...shown, ...defined({ seq }) },
      text: (texts) => texts.faceSet(room, shown.mark),
    };
  },
};

/** @throws {Fault} usage */
export function parseColour(text: string): number {
  const number = Number(text);
  if (/^\d{1,2}$/.test(text) && number <= ROOM_CHALKS) return number;
  throw new Fault("usage", msg`${quoteText(text)} is no colour of a room`, {
    remedy: msg`use a number from 0 to ${ROOM_CHALKS}`,
  });
}

const EVERYONE = "@everyone";

interface Invite {
  readonly user: string | undefined;
  readonly isAccount: boolean;
  /** Room whose people are put into this one. The lobby has everyone. */
  readonly from: string | undefined;
}

const invite: Command<Invite> = {
  usage: "/invite [NAME | @NAME | #ROOM | @everyone]",
  parse(input) {
    const words = splitWords(input, 0, 1);
    const [word] = words ?? [];
    const isEveryone = word?.toLowerCase() === EVERYONE;
    const from = isEveryone ? `#${LOBBY}` : word?.startsWith("#") === true ? word : undefined;
    const user = from === undefined ? word && withoutAt(word) : undefined;
    return words && { user, isAccount: word?.startsWith("@") === true, from };
  },
  async run({ user, isAccount, from }, chat, host) {
    const room = chat.actions.sealedRoomAt(host.current);
    if (from !== undefined) {
      const target = roomFor(chat, host);
      const plan = await putInPlan(chat, target, from);
      if (plan.users.length > 0 && !(await host.confirmPutIn(plan))) return undefined;
      const counts = await putAllIn(chat, plan);
      const json = { kind: "put-in", room: target, from: from.slice(1), ...counts };
      return { json, text: (texts) => texts.putIn(counts) };
    }
    const isGroup = roomOf(chat.model, host.current)?.people !== undefined;
    if (user !== undefined && room === undefined && (isAccount || isGroup)) {
      return { seq: await chat.actions.addUser(roomFor(chat, host), user) };
    }
    if (user === undefined || room === undefined) return host.show({ kind: "invite", user });
    const rooms = await chat.sealedRooms();
    const { added, missing } = await rooms.get(room).changes.invite(user);
    return {
      json: { kind: "let-in", user, room: room.name, added, missing },
      text: (texts) => texts.devicesAdded(user, added, missing),
    };
  },
};

const kickCommand: Command<User & { readonly reason: string }> = {
  usage: "/kick NAME [REASON]",
  parse(input) {
    const [name, reason] = splitFirstWord(input);
    return name === "" ? undefined : { user: withoutAt(name), reason };
  },
  run: async ({ user, reason }, chat, host) => ({
    seq: await chat.actions.kick(roomFor(chat, host), user, reason),
  }),
};

/** Returns when a time that begins now ends, in Unix ms; `undefined` if it does not end. */
function endOf(forMs: number | undefined, host: Host): number | undefined {
  return forMs === undefined ? undefined : host.unixMs() + forMs;
}

const mute: Command<User & { readonly forMs: number | undefined }> = {
  usage: "/mute NAME [TIME]",
  parse(input) {
    const [name, time] = splitWords(input, 1, 2) ?? [];
    if (name === undefined) return undefined;
    return { user: withoutAt(name), forMs: time === undefined ? time : parseUntil(time, 0) };
  },
  async run({ user, forMs }, chat, host) {
    const room = roomFor(chat, host);
    const until = endOf(forMs, host);
    const { seq } = await chat.request("mute", { room, user, on: true, until });
    return { seq };
  },
};

const unmute: Command<User> = {
  usage: "/unmute NAME",
  parse: parseUser,
  run: async ({ user }, chat, host) => ({
    seq: (await chat.request("mute", { room: roomFor(chat, host), user, on: false })).seq,
  }),
};

interface BanArgs {
  readonly name: string;
  readonly forMs: number | undefined;
  readonly reason: string;
}

const ban: Command<BanArgs> = {
  usage: "/ban NAME [TIME] [REASON]",
  parse(input) {
    const [name, remaining] = splitFirstWord(input);
    if (name === "") return undefined;
    const [first, more] = splitFirstWord(remaining);
    const isTimed = isDuration(first);
    return {
      name,
      forMs: isTimed ? parseUntil(first, 0) : undefined,
      reason: isTimed ? more : remaining,
    };
  },
  async run({ name, forMs, reason }, chat, host) {
    const fields = {
      ...banTarget(name),
      ...defined({ until: endOf(forMs, host), reason: reason || undefined }),
    };
    await chat.request("ban", { ...fields, on: true });
    return {
      json: { kind: "banned", ...withUtcTime(fields, "until") },
      text: (texts) => texts.banned(name),
    };
  },
};

export function banTarget(text: string): User | { readonly address: string } {
  return text.includes(":") || isIpv4(text) ? { address: text } : { user: withoutAt(text) };
}

function setsModerator(on: boolean): Command<User> {
  return {
    usage: on ? "/grant NAME" : "/revoke NAME",
    parse: parseUser,
    async run({ user }, chat, host) {
      const room = roomFor(chat, host);
      await chat.actions.grant(room, user, on);
      return { json: { kind: on ? "granted" : "revoked", user, role: "moderator", room } };
    },
  };
}

function parseOptionalUser(input: string): { readonly user: string | undefined } | undefined {
  return input === "" ? { user: undefined } : parseUser(input);
}

interface HandArgs {
  readonly user: string | undefined;
  /** The user's own hand; `undefined` changes it. */
  readonly on?: boolean;
}

const hand: Command<HandArgs> = {
  usage: "/hand [up|down|NAME]",
  parse(input) {
    const word = input.toLowerCase();
    // A person of this name is written @down.
    if (word === "up" || word === "down") return { user: undefined, on: word === "up" };
    return parseOptionalUser(input);
  },
  run: async ({ user, on }, chat, host) => ({
    seq: await chat.actions.toggleHand(roomFor(chat, host), user, on),
  }),
};

const call: Command<{ readonly user: string | undefined }> = {
  usage: "/call [NAME]",
  parse: parseOptionalUser,
  run: async ({ user }, chat, host) => ({
    seq: await chat.actions.callOn(roomFor(chat, host), user),
  }),
};

const remind: Command<{ readonly text: string }> = {
  usage: "/remind TEXT",
  parse: parseText,
  async run({ text }, chat, host) {
    const room = boxNames(host.current)?.room ?? roomFor(chat, host);
    const users = missingUsers(await chat.actions.handed(room));
    await remindAll(chat, room, users, text);
    const json = { kind: "reminded", room, users };
    return { json, text: (texts) => texts.reminded(users.length) };
  },
};

interface PollArgs {
  readonly action: "start" | "show" | "close";
  readonly seq?: number | undefined;
  readonly question: string;
  readonly options: readonly string[];
  readonly many?: true;
  readonly anonymous?: true;
  readonly forMs?: number;
  readonly hide?: PollHide;
}

const POLL_FLAG = /^--(many|anonymous|for\s+(\S+)|hide-until\s+(vote|end))\s+/;

const poll: Command<PollArgs> = {
  usage:
    "/poll [--many] [--anonymous] [--for TIME] [--hide-until vote|end] QUESTION | A | B, " +
    "/poll [close] [SEQ]",
  parse(input) {
    const [, close, seq] = /^(close\b)?\s*((?:[1-9]\d{0,14})?)$/.exec(input) ?? [];
    if (seq !== undefined) {
      const action = close === undefined ? "show" : "close";
      return { action, seq: seq === "" ? undefined : Number(seq), question: "", options: [] };
    }
    let text = input;
    let rules: Pick<PollArgs, "many" | "anonymous" | "forMs" | "hide"> = {};
    for (let flag = POLL_FLAG.exec(text); flag !== null; flag = POLL_FLAG.exec(text)) {
      const [all, name, time, event] = flag;
      const hide = POLL_HIDES.find((one) => one === event);
      if (time !== undefined) rules = { ...rules, forMs: parseUntil(time, 0) };
      else if (hide !== undefined) rules = { ...rules, hide };
      else rules = { ...rules, [name === "many" ? "many" : "anonymous"]: true };
      text = text.slice(all.length);
    }
    const [question = "", ...options] = text.split("|").map((part) => part.trim());
    if (question === "" || options.length === 0 || text.startsWith("--")) return undefined;
    const lines = options.map((option) => option.replace(/\s+/g, " "));
    return { action: "start", question, options: lines, ...rules };
  },
  async run({ action, seq, question, options, many, anonymous, forMs, hide }, chat, host) {
    const { actions } = chat;
    const { current } = host;
    if (action === "start") {
      const rules = { many, anonymous, until: endOf(forMs, host), hide };
      return { seq: await actions.startPoll(current, question, options, rules) };
    }
    const item = await actions.pollIn(current, seq);
    if (action === "close") return { seq: await actions.endPoll(item.seq) };
    const { poll = item.poll } = withoutIgnored(chat.model, item);
    const { untilUnixMs = Number.POSITIVE_INFINITY } = poll;
    const isClosed = poll.isClosed || untilUnixMs <= host.unixMs();
    const { question: text, options: rows, isHidden, hasVoted, ...rest } = { ...poll, isClosed };
    const shown = isHidden ? rows.map(({ option, isMine }) => ({ option, isMine })) : rows;
    const hidden = isHidden ? { isHidden, hasVoted } : {};
    const facts = { options: shown, ...rest, ...hidden };
    return {
      json: { kind: "poll-results", seq: item.seq, question: text, ...withUtcTime(facts, "until") },
      text: () => `#${item.seq} ${text}`,
      rows: pollRows({ ...poll, isClosed }, ENGLISH, timesIn(ENGLISH)),
    };
  },
};

const vote: Command<OptionalSeq & { readonly choices: readonly number[]; readonly word?: string }> =
  {
    usage: "/vote N[,N…] [SEQ], /vote none [SEQ]",
    parse(input) {
      const [, numbers = "", seq] =
        /^(\d{1,2}(?:,\d{1,2})*|none)(?:\s+([1-9]\d{0,14}))?$/.exec(input) ?? [];
      if (numbers === "")
        return input === "" ? undefined : { choices: [], seq: undefined, word: input };
      const choices = numbers === "none" ? [] : numbers.split(",").map(Number);
      return { choices, seq: seq === undefined ? seq : Number(seq) };
    },
    async run({ choices, seq, word }, chat, host) {
      const pollAt = (at: number | undefined) => chat.actions.pollIn(host.current, at);
      const newest = await pollAt(seq);
      // The text of an option may end with a number, too.
      const isOption = word === undefined || optionNamed(word, newest) !== undefined;
      const [ending, numbered] = (!isOption && / #?([1-9]\d{0,14})$/.exec(word)) || [];
      const item = numbered === undefined ? newest : await pollAt(Number(numbered));
      const option = ending === undefined ? word : word?.slice(0, -ending.length);
      const { options, many } = item.poll;
      const chosen = option === undefined ? choices : [optionOf(option, item)];
      checkChoices(item.seq, chosen, { options: options.length, many });
      return { seq: await chat.actions.vote(item.seq, chosen) };
    },
  };

type PollItem = Awaited<ReturnType<Chat["actions"]["pollIn"]>>;

/** Returns the number of the option that alone has a text, or begins with it. */
function optionNamed(word: string, { poll: { options } }: PollItem): number | undefined {
  const typed = foldWords(word).trim();
  if (typed === "") return undefined;
  const texts = options.map(({ option }) => foldWords(option).trim());
  const same = texts.indexOf(typed);
  if (same >= 0) return same + 1;
  const begun = texts.filter((text) => text.startsWith(typed));
  return begun.length === 1 ? texts.indexOf(begun[0] ?? "") + 1 : undefined;
}

/** @throws {Fault} usage if no option has the text, or several have */
function optionOf(word: string, item: PollItem): number {
  const number = optionNamed(word, item);
  if (number !== undefined) return number;
  throw new Fault("usage", msg`the poll ${item.seq} has no option ${quoteText(word)}`, {
    remedy: msg`vote by a number: ${`/vote 1 ${item.seq}`}`,
  });
}

const dnd: Command<{ readonly forMs: number | undefined }> = {
  usage: "/dnd TIME|off",
  parse: (input) => {
    if (input === "off") return { forMs: undefined };
    return input === "" ? undefined : { forMs: parseUntil(input, 0) };
  },
  async run({ forMs }, chat, host) {
    const until = endOf(forMs, host);
    chat.actions.doNotDisturb(until);
    const fields = defined({ on: until !== undefined, until });
    const json = { kind: "dnd", ...withUtcTime(fields, "until") };
    return { json, text: (texts) => (until === undefined ? texts.dndOff : texts.dndOn) };
  },
};

const keywords: Command<{ readonly words: readonly string[] | undefined }> = {
  usage: "/keywords [WORD, ...|off]",
  parse(input) {
    if (input === "") return { words: undefined };
    return { words: input === "off" ? [] : input.split(",") };
  },
  async run({ words }, { actions }) {
    const list = words === undefined ? actions.keywords : actions.setKeywords(words);
    const json = { kind: "keywords", words: list };
    const text: TerminalMessage = (texts) => {
      return list.length === 0 ? texts.noKeywords : texts.keywordsAre(list.join(", "));
    };
    return { json, text };
  },
};

const sort: Command<{ readonly order: "unread" | "name" }> = {
  usage: "/sort unread|name",
  parse: (input) => (input === "unread" || input === "name" ? { order: input } : undefined),
  async run({ order }, { actions }) {
    actions.setUnreadFirst(order === "unread");
    return { json: { kind: "sort", order }, text: (texts) => texts.roomsSorted[order] };
  },
};

const read: Command<{ readonly isAll: boolean }> = {
  usage: "/read [all]",
  parse: (input) => (input === "" || input === "all" ? { isAll: input === "all" } : undefined),
  async run({ isAll }, { actions }, { current, undoesRead }) {
    if (!isAll) actions.markRead(current);
    else {
      actions.allRead();
      if (undoesRead !== true) actions.endAllRead(false);
    }
    return { json: { kind: "read", target: isAll ? undefined : current } };
  },
};

type RulesChange = Omit<RequestFields<"rules">, "room">;

/** Seconds, or 0 for `off`. */
export function parseSlow(text: string): number {
  const isNumber = /^[1-9]\d{0,4}$/.test(text) && Number(text) <= SLOW_SECONDS_MAX;
  if (isNumber || text === "off") return isNumber ? Number(text) : 0;
  throw new Fault("usage", msg`slow mode takes 1 to ${SLOW_SECONDS_MAX} seconds, or off`, {
    remedy: msg`for example, ${"/rules slow 30"}`,
  });
}

/**
 * Returns Unix ms, or 0 for `off`. A date alone means its end, and a duration counts from now.
 * @throws {Fault} usage, also for a time without a date that has passed today
 */
export function parseDue(text: string, context: TimeContext): number {
  if (text === "off") return 0;
  if (isDuration(text)) return parseUntil(text, context.nowUnixMs);
  let due: number;
  try {
    due = parseTime(text, { ...context, edge: "end" });
  } catch (cause) {
    throw new Fault("usage", msg`${quoteText(text)} is not a due date`, {
      cause: asFault(cause),
      remedy: msg`use 2026-11-20, '2026-11-20 23:59', 'tomorrow 08:00', 3d or off`,
    });
  }
  if (!/^\d\d:/.test(text) || due >= context.nowUnixMs) return due;
  throw new Fault("usage", msg`${quoteText(text)} has passed today`, {
    remedy: msg`add the date, such as 'tomorrow 08:00'`,
  });
}

/** @param words rules and their values by turns; a password may follow `join password` */
function parseRules(words: readonly string[]): RulesChange | undefined {
  const [rule = "", value = "", ...rest] = words;
  if (words.length === 0) return {};
  // Parsed first, because the fault of a date of several words lists the accepted forms.
  const due = rule === "due" && value !== "" ? parseDue(value, timesNow()) : undefined;
  const who = WHO.find((one) => one === value);
  const join = rule === "join" ? JOIN_RULES.find((one) => one === value) : undefined;
  const [password] = join === "password" && rest.length % 2 === 1 ? rest : [];
  const others = parseRules(password === undefined ? rest : rest.slice(1));
  if (others === undefined) return undefined;
  const isSwitch = rule === "newcomers" && (value === "on" || value === "off");
  if (isSwitch) return { newcomers: value === "on", ...others };
  if (due !== undefined) return { due, ...others };
  if (rule === "slow") return { slow: parseSlow(value), ...others };
  if (join !== undefined) return { join, ...defined({ password }), ...others };
  if (rule === "post" && value === "private") return { post: value, ...others };
  const boxes = rule === "boxes" ? BOX_RULES.find((one) => one === value) : undefined;
  if (boxes !== undefined) return { boxes, ...others };
  const isWho = rule === "post" || rule === "topic" || rule === "everyone";
  return isWho && who !== undefined ? { [rule]: who, ...others } : undefined;
}

const rules: Command<RulesChange> = {
  usage:
    "/rules [post|topic|everyone WHO] [slow SECONDS] [join HOW] [newcomers on|off] " +
    "[boxes open|closed] [due TIME|off]",
  parse: (input) => parseRules(joinTimes(splitWords(input, 0, RULE_WORDS_MAX) ?? [""])),
  async run(change, chat, host) {
    if (Object.keys(change).length === 0) return host.show({ kind: "rules" });
    return { seq: await chat.actions.setRules(roomFor(chat, host), change) };
  },
};

const receipts: Command<{ readonly on: boolean }> = {
  usage: "/receipts on|off",
  parse: (input) => parseOnOff(input),
  run: async ({ on }, chat, host) => ({
    seq: (await chat.request("receipts", { target: host.current, on })).seq,
  }),
};

const bot: Command<{ readonly on: boolean }> = {
  usage: "/bot on|off",
  parse: (input) => parseOnOff(input),
  run: async ({ on }, chat) => {
    await chat.request("bot", { on });
    return {};
  },
};

const pin: Command<OptionalSeq> = {
  usage: "/pin [SEQ]",
  defaultAuthor: "other",
  parse: parseOptionalSeq,
  async run(args, chat, host) {
    const seq = await chat.actions.resolveSeq(host.current, args.seq, "other");
    return { seq: (await chat.request("pin", { seq, on: true })).seq };
  },
};

const unpin: Command<{ readonly seq: number }> = {
  usage: "/unpin SEQ",
  parse: parseSeq,
  async run({ seq }, chat, host) {
    await chat.actions.checkMessage(host.current, seq);
    return { seq: (await chat.request("pin", { seq, on: false })).seq };
  },
};

const me: Command<{ readonly text: string }> = {
  usage: "/me TEXT",
  parse: parseText,
  async run({ text }, _, host) {
    await host.post({ text, action: true });
    return undefined;
  },
};

const shrug: Command<{ readonly text: string }> = {
  usage: "/shrug [TEXT]",
  parse: (text) => ({ text }),
  async run({ text }, _, host) {
    await host.post({ text: `${text} ¯\\_(ツ)_/¯`.trimStart() });
    return undefined;
  },
};

type SeqAndText = OptionalSeq & { readonly text: string };

/** A number at the start names the message. */
function parseSeqAndText(input: string): SeqAndText | undefined {
  const [, seq, text = input] = /^([1-9]\d{0,14})\s+(\S[\s\S]*)$/.exec(input) ?? [];
  return text === "" ? undefined : { seq: seq === undefined ? seq : Number(seq), text };
}

const reply: Command<SeqAndText> = {
  usage: "/reply [SEQ] TEXT",
  defaultAuthor: "other",
  parse: parseSeqAndText,
  async run({ seq, text }, chat, host) {
    await host.post({
      text,
      re: await chat.actions.replyTo(host.current, seq ?? host.thread ?? host.answered),
    });
    return undefined;
  },
};

const react: Command<OptionalSeq & { readonly sign: string }> = {
  usage: "/react EMOJI [SEQ]",
  defaultAuthor: "other",
  parse(input) {
    const [sign, seq] = splitWords(input, 1, 2) ?? [];
    if (sign === undefined || (seq !== undefined && !isSeq(seq))) return undefined;
    return { sign, seq: seq === undefined ? seq : Number(seq) };
  },
  async run({ seq, sign }, chat, host) {
    await host.sent();
    const re = await chat.actions.resolveSeq(host.current, seq, "other");
    const mine = await chat.actions.reactionsTo(host.current, re, sign);
    let erased: number | undefined;
    for (const one of mine) erased = (await chat.request("erase", { seq: one })).seq;
    if (erased !== undefined) return { seq: erased };
    await host.post({ text: "", react: sign, re });
    return undefined;
  },
};

const edit: Command<SeqAndText> = {
  usage: "/edit [SEQ] TEXT",
  defaultAuthor: "own",
  parse: parseSeqAndText,
  async run(args, chat, host) {
    await host.sent();
    const target = postTarget(chat.model, host.current);
    const seq = await chat.actions.resolveSeq(target, args.seq, "own");
    return { seq: await chat.actions.edit(target, seq, args.text) };
  },
};

const erase: Command<OptionalSeq & { readonly file: string | undefined }> = {
  usage: "/erase [SEQ [FILE]]",
  defaultAuthor: "own",
  parse(input) {
    const [first = ""] = input.split(/\s/u, 1);
    const about = parseOptionalSeq(first);
    return about && { ...about, file: input.slice(first.length).trim() || undefined };
  },
  async run({ seq, file }, chat, host) {
    await host.sent();
    const { actions } = chat;
    if (seq !== undefined) await actions.checkErasable(host.current, seq);
    if (seq !== undefined && file !== undefined) {
      return { seq: await host.eraseFile(await actions.fileOf(host.current, seq, file)) };
    }
    const last = () => actions.resolveSeq(postTarget(chat.model, host.current), undefined, "own");
    return { seq: await host.erase(seq ?? (await last())) };
  },
};

const save: Command<OptionalSeq> = {
  usage: "/save [SEQ]",
  defaultAuthor: "other",
  parse: parseOptionalSeq,
  async run(args, chat, host) {
    const seq = await chat.actions.resolveSeq(host.current, args.seq, "other");
    return changeSaved(chat, host.current, seq, true);
  },
};

const unsave: Command<{ readonly seq: number }> = {
  usage: "/unsave SEQ",
  parse: parseSeq,
  run: ({ seq }, chat, host) => changeSaved(chat, host.current, seq, false),
};

async function changeSaved(
  chat: Chat,
  target: string,
  seq: number,
  on: boolean,
): Promise<CommandAnswer> {
  const room = chat.actions.roomOfSaved(target, seq, !on);
  await chat.actions.save(room, seq, on);
  const text: TerminalMessage = (texts) => (on ? texts.messageSaved : texts.messageUnsaved);
  return { json: { kind: "save", seq, on }, text };
}

function setsFollowed(on: boolean): Command<OptionalSeq> {
  return {
    usage: on ? "/follow [SEQ]" : "/unfollow [SEQ]",
    defaultAuthor: "other",
    parse: parseOptionalSeq,
    async run(args, chat, host) {
      const seq = await chat.actions.threadAt(host.current, args.seq ?? host.thread);
      await chat.actions.follow(host.current, seq, on);
      const json = { kind: "follow", seq, on };
      return { json, text: (texts) => (on ? texts.threadFollowed : texts.threadUnfollowed) };
    },
  };
}

function setsIgnored(on: boolean): Command<User> {
  return {
    usage: on ? "/ignore NAME" : "/unignore NAME",
    parse: parseUser,
    async run(args, chat) {
      const user = checkName(args.user, "person's name");
      await chat.actions.ignore(user, on);
      const json = { kind: on ? "ignoring" : "unignored", user };
      return { json, text: (texts) => (on ? texts.nowIgnoring : texts.stoppedIgnoring)(user) };
    },
  };
}

const whois: Command<User> = {
  usage: "/whois NAME",
  parse: parseUser,
  async run({ user }, chat) {
    const facts = await chat.whois(checkName(user, "person's name"));
    const { keys, hasNewKey, ...account } = facts;
    const shown = keys.map(({ fingerprint, sinceUnixMs }) => ({
      ...defined({ key: fingerprint && formatFingerprint(fingerprint) }),
      ...defined({ since: sinceUnixMs === undefined ? undefined : formatUtc(sinceUnixMs) }),
    }));
    const json = {
      kind: "whois",
      ...account,
      since: formatUtc(account.since),
      keys: shown.length === 0 ? undefined : shown,
      newKey: hasNewKey || undefined,
    };
    return { json, text: (texts) => accountInfoText(json, texts) };
  },
};

export type AccountFacts = Omit<WireAnswer<"whois">, "since"> & {
  readonly since: string;
  readonly keys?: readonly { readonly key?: string; readonly since?: string }[];
  readonly newKey?: boolean;
};

/** The first letters of a fingerprint, which suffice to tell a few keys apart. */
const [KEY_START, KEY_END] = ["SHA256:".length, "SHA256:".length + KEY_LETTERS];

type AccountTexts = Pick<Texts, "accountInfo" | "accountKeys" | "keySince" | "newKey">;

export function accountInfoText(facts: AccountFacts, texts: AccountTexts): string {
  const { online, role, since, rooms, status, displayName, keys = [], newKey = false } = facts;
  const user = displayName === undefined ? facts.user : `${facts.user} (${displayName})`;
  const isOperator = role === "operator";
  const info = texts.accountInfo(user, online, isOperator, since.slice(0, 10), rooms.join(", "));
  const list = keys.map(({ key = "", since = "" }) => {
    return texts.keySince(key.slice(KEY_START, KEY_END) || "?", since.slice(0, 10) || "?");
  });
  const mark = newKey ? ` (${texts.newKey})` : "";
  const keyList = list.length === 0 ? undefined : `${texts.accountKeys(list.join(", "))}${mark}`;
  // The status is last, because its user chooses it and could imitate the keys.
  return [info, keyList, status].filter((part) => part !== undefined).join("; ");
}

/** Command of IRC that has no meaning here, with an explanation. */
function refusal(usage: string, message: Translatable, remedy: Translatable): Command<object> {
  const run = () => Promise.reject(new Fault("usage", message, { remedy }));
  return { usage, parse: () => ({}), run };
}

const name: Command<{ readonly text: string }> = {
  usage: "/name [TEXT]",
  parse: (text) => ({ text }),
  async run({ text: typed }, chat) {
    const text = await chat.actions.setDisplayName(typed.trim());
    const json = { kind: "display-name", text };
    return {
      json,
      text: (texts) => (text === "" ? texts.displayNameRemoved : texts.displayNameSet(text)),
    };
  },
};

/** Refuses, because only an operator can rename an account. */
const nick = refusal(
  "/nick",
  msg`you cannot change your account name`,
  msg`to show another name: ${"/name TEXT"}; to rename the account, ask an operator`,
);

const voice = refusal(
  "/voice",
  msg`who may write is a rule of the room: ${"/rules"}`,
  msg`to let a muted member write again: ${"/unmute NAME"}`,
);

function setsStatus(usage: string): Command<{ readonly text: string; readonly forMs?: number }> {
  return {
    usage,
    parse(input) {
      const [, text = "", time = ""] = /^(.*?)(?<!\s)\s+(\S+)$/s.exec(input) ?? [];
      return isDuration(time) ? { text, forMs: parseUntil(time, 0) } : { text: input };
    },
    async run({ text, forMs }, chat, host) {
      const until = endOf(forMs, host);
      chat.actions.setStatus(text.replace(/\s+/g, " "), until);
      const fields = defined({ status: text, until });
      const json = { kind: "status", ...withUtcTime(fields, "until") };
      return { json, text: (texts) => (text === "" ? texts.statusRemoved : texts.statusSet(text)) };
    },
  };
}

const status = setsStatus("/status [TEXT [TIME]]");
const away = setsStatus("/away [TEXT [TIME]]");

const clear: Command<object> = {
  usage: "/clear",
  parse: (input) => (input === "" ? {} : undefined),
  async run(_, chat, host) {
    chat.actions.clear();
    await host.show({ kind: "clear" });
    return { json: { kind: "cleared" }, text: (texts) => texts.cleared };
  },
};

const reconnect: Command<object> = {
  usage: "/reconnect",
  parse: (input) => (input === "" ? {} : undefined),
  run(_, chat) {
    chat.reconnect();
    return Promise.resolve(undefined);
  },
};

/** Hides joins and leaves. */
const quiet: Command<{ readonly on: boolean }> = {
  usage: "/quiet [on|off]",
  parse: (input) => parseOnOff(input, true),
  run({ on }, _, host) {
    host.hideJoins(on);
    return Promise.resolve({
      json: { kind: "quiet", on },
      text: (texts) => (on ? texts.quietOn : texts.quietOff),
    });
  },
};

function opensView(
  usage: Usage,
  parse: (input: string, ui: Ui) => View | undefined,
): Command<View> {
  return { usage, parse, run: (args, _, host) => host.show(args) };
}

function simpleView(kind: SimpleView): Command<View> {
  return opensView(`/${kind}`, (input) => (input === "" ? { kind } : undefined));
}

function inputView(kind: "send" | "set" | "irc-password", usage: string): Command<View> {
  return opensView({ terminal: usage, page: `/${kind}` }, (input, ui) =>
    ui === "terminal" || input === "" ? { kind, input } : undefined,
  );
}

const who = opensView({ terminal: "/who [ROOM]", page: "/who" }, (input, ui) => {
  const words = splitWords(input, 0, ui === "terminal" ? 1 : 0);
  return words && { kind: "who", room: words[0]?.replace(/^#/, "") };
});

const FILES_USAGE = "/files [retry N | without N | edit N | delete N | delete ID]";

const files = opensView({ terminal: FILES_USAGE, page: "/files" }, (input, ui) => {
  if (input === "") return { kind: "files" };
  const [verb, named = ""] = splitWords(input, 2, 2) ?? [];
  const known = FILES_VERBS.find((each) => each === verb);
  const isId = known === "delete" || isSeq(named);
  return ui === "terminal" && known && isId ? { kind: "files", verb: known, named } : undefined;
});

interface MessageArgs {
  /** A room or a person, or the people of a group. */
  readonly to: string | readonly string[];
  readonly text: string;
}

/** Posts to a person, room or group. `/msg` without a text opens it instead. */
function postsTo(usage: string, notice?: true): Command<MessageArgs> {
  return {
    usage,
    parse(input) {
      const [name, text] = splitFirstWord(input);
      if (name === "" || (text === "" && notice)) return undefined;
      return { to: parsePeople(name) ?? personOrRoom(name), text };
    },
    async run({ to: named, text }, chat, host) {
      const to = typeof named === "string" ? named : await chat.actions.startGroup(named);
      const known = roomOf(chat.model, to);
      if (known !== undefined && text !== "") checkTypedRoom(known, parseTarget(to));
      if (typeof named === "string" && known === undefined) {
        // While offline, the message waits, and the server checks its target later.
        if (to.startsWith("@")) await chat.actions.checkTarget(to);
        else if (boxNames(to) !== undefined) openBox(to, chat);
        else if ((await host.join({ room: to, mayCreate: false })) === undefined) return undefined;
      }
      if (text === "") return { roomToOpen: to };
      await host.post({ text, ...defined({ notice }) }, to);
      return undefined;
    },
  };
}

function personOrRoom(word: string): string {
  const isTarget = /^[@#]/.test(word) || boxNames(word) !== undefined;
  return formatTarget(parseTarget(isTarget ? word : `@${word}`));
}

const seal: Command<Extract<View, { kind: "seal" }>> = {
  usage: "/seal [@NAME]",
  parse(input) {
    const words = splitWords(input, 0, 2) ?? [];
    const name = words.filter((word) => word !== "--yes").join(" ");
    const args = name === "" ? { user: undefined } : parseUser(name);
    return args && { kind: "seal", ...args, isConfirmed: words.includes("--yes") };
  },
  async run(view, chat, host) {
    const { user } = view;
    const target = user === undefined ? host.current : `@${checkName(user, "person's name")}`;
    await chat.actions.checkSealable(target);
    return host.show(view);
  },
};

const sealed = opensView({ terminal: "/sealed [accept]", page: "/sealed" }, (input, ui) => {
  if (input === "") return { kind: "sealed", accept: false };
  return ui === "terminal" && input === "accept" ? { kind: "sealed", accept: true } : undefined;
});

const verify: Command<Extract<View, { kind: "verify" }>> = {
  usage: { terminal: "/verify NAME [DIGITS | accept]", page: "/verify NAME" },
  parse(input, ui) {
    const words = splitWords(input, 1, ui === "terminal" ? DIGIT_GROUPS + 1 : 1);
    const [name = "", ...confirmation] = words ?? [];
    return words && { kind: "verify", user: withoutAt(name), confirmation: confirmation.join(" ") };
  },
  async run(view, chat, host) {
    const user = checkName(view.user, "person's name");
    await (view.confirmation === "accept"
      ? chat.actions.checkOther(user)
      : chat.actions.checkVerifiable(user));
    return host.show(view);
  },
};

const search: Command<{ readonly text: string }> = {
  usage: "/search [FILTER:VALUE] TEXT",
  parse: parseText,
  async run({ text }, chat, host) {
    const query = parseSearch(text, { open: chat.model.open, ...host.times });
    return query && host.show({ kind: "search", query });
  },
};

const thread: Command<OptionalSeq & { readonly text: string }> = {
  usage: "/thread [SEQ] [TEXT]",
  defaultAuthor: "other",
  parse(input) {
    const [, seq, text = input] = /^([1-9]\d{0,14})(?=\s|$)\s*([\s\S]*)$/.exec(input) ?? [];
    return { seq: seq === undefined ? seq : Number(seq), text };
  },
  async run({ seq, text }, chat, host) {
    const re = await chat.actions.threadAt(host.current, seq ?? host.thread);
    if (text === "") return host.show({ kind: "thread", seq: re });
    await host.post({ text, re, thread: true });
    return undefined;
  },
};

const jump: Command<Extract<View, { kind: "jump" }>> = {
  usage: "/jump DATE|SEQ",
  parse(input) {
    const seq = input.replace(/^#/, "");
    const to = isSeq(seq) ? Number(seq) : input;
    return input === "" ? undefined : { kind: "jump", to };
  },
  async run(view, chat, host) {
    const { to } = view;
    const kinds = RECORD_KINDS;
    if (typeof to === "number") await chat.actions.checkMessage(host.current, to, { kinds });
    return host.show(view);
  },
};

const notify: Command<{ readonly level: Views["notify"]["level"]; readonly target?: string }> = {
  usage: { terminal: "/notify [LEVEL [TARGET]]", page: "/notify LEVEL [TARGET]" },
  parse(input, ui) {
    if (input === "" && ui === "terminal") return { level: undefined };
    const [word, target] = splitWords(input, 1, 2) ?? [];
    const level = (["all", "mentions", "nothing", "on", "off"] as const).find((l) => l === word);
    return level && defined({ level, target: target && formatTarget(parseTarget(target)) });
  },
  async run({ level, target }, chat, host) {
    const to = target ?? host.current;
    if (level === "all" || level === "mentions" || level === "nothing")
      await chat.actions.notify(to, level);
    return host.show({ kind: "notify", level, target: to });
  },
};

export const send = inputView("send", "/send PATH... [TARGET] [--thread SEQ] [--caption TEXT]");
export const ircPassword = inputView("irc-password", "/irc-password [new|list|revoke ID]");

const help = opensView("/help [all|COMMAND]", (input) => ({ kind: "help", input }));

export const SLASH_ALIASES: Readonly<Record<string, string>> = {
  regist: "register",
  sendto: "msg",
  query: "msg",
  dm: "msg",
  names: "who",
  n: "who",
  w: "whois",
  op: "grant",
  deop: "revoke",
  delete: "erase",
  upload: "send",
  lastlog: "search",
  goto: "jump",
  exit: "quit",
  part: "leave",
  close: "leave",
  j: "join",
  h: "help",
};

/** Commands of the first screen of the help. */
const FIRST_COMMANDS = [
  ...(["msg", "reply", "edit", "send", "search"] as const),
  ...(["join", "rooms", "invite", "help", "quit"] as const),
] satisfies readonly (keyof Texts["slash"])[];

/**
 * Returns the commands that `/help INPUT` describes.
 * @param names all commands of the interface, in the order of the help text
 * @returns `undefined` if the input names no command
 */
export function helpTopics(input: string, names: readonly string[]): readonly string[] | undefined {
  if (input === "") return FIRST_COMMANDS;
  const word = input.replace(/^\//, "").toLowerCase();
  if (word === "all") return names;
  const name = Object.hasOwn(SLASH_ALIASES, word) ? SLASH_ALIASES[word] : word;
  return name !== undefined && names.includes(name) ? [name] : undefined;
}

/** Commands in the order of the help text. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  join,
  leave,
  topic,
  title,
  face,
  who,
  whois,
  name,
  nick,
  voice,
  list: simpleView("list"),
  rooms: simpleView("rooms"),
  msg: postsTo("/msg NAME TEXT, /msg NAME,NAME… TEXT"),
  notice: postsTo("/notice NAME TEXT, /notice NAME,NAME… TEXT", true),
  me,
  away,
  shrug,
  reply,
  thread,
  react,
  hand,
  call,
  poll,
  vote,
  dnd,
  keywords,
  sort,
  status,
  read,
  rules,
  handed: simpleView("handed"),
  remind,
  ignore: setsIgnored(true),
  unignore: setsIgnored(false),
  quiet,
  ignored: simpleView("ignored"),
  save,
  unsave,
  saved: simpleView("saved"),
  threads: simpleView("threads"),
  follow: setsFollowed(true),
  unfollow: setsFollowed(false),
  invite,
  kick: kickCommand,
  mute,
  unmute,
  ban,
  grant: setsModerator(true),
  revoke: setsModerator(false),
  edit,
  erase,
  pin,
  unpin,
  pins: simpleView("pins"),
  receipts,
  bot,
  send,
  files,
  seal,
  sealed,
  verify,
  search,
  jump,
  logout: simpleView("logout"),
  passwd: simpleView("passwd"),
  "irc-password": ircPassword,
  set: inputView("set", "/set [KEY [VALUE]]"),
  notify,
  clear,
  reconnect,
  help,
  quit: simpleView("quit"),
} satisfies Readonly<Record<keyof Texts["slash"], Command>>;
