/** English texts of the terminal that the page does not have. */

import { diskSpaceText } from "../../../base/disk-space.ts";
import { counted } from "../../../base/sizes.ts";
import { ENGLISH_COMMANDS } from "./commands.ts";
import { ENGLISH } from "./first.ts";

/** Facts about a member of a sealed room. */
interface SealedFacts {
  readonly user: string;
  /** Number of devices. */
  readonly devices: number;
  readonly hasBrowser: boolean;
  readonly isMe: boolean;
  readonly isVerified: boolean;
  readonly isChanged: boolean;
  readonly isAdmin: boolean;
}

export const ENGLISH_TERMINAL = {
  loading: "Loading…",
  notLoggedIn: "not logged in",
  noMajority: "most machines are down: messages wait",
  loggedOut: "You are not logged in: /login NAME",
  noLongerIn: (place: string) => `you are not in ${place} any more`,
  notSent: (n: number, targets: string) => `${n} not sent to ${targets}`,
  notSentBecause: (place: string, why: string) => `not sent to ${place}: ${why}`,
  unsentAtQuit: (n: number) =>
    `${n === 1 ? "1 message is" : `${n} messages are`} not sent yet. ` +
    "Quit again to leave now and send at the next start.",
  sendingAtQuit: (n: number) =>
    `Sending ${counted(n, "message")}… Quit again to leave now and send at the next start.`,
  sendingPosts: (n: number) => `${n} sending`,
  unreadIn: (n: number, targets: string) => `${n} unread in ${targets}`,
  moreBelow: "-- more below --",
  moreBelowCount: (n: number) => `-- ${n} more below --`,
  moreAbove: (n: number) => `${n} more above`,
  moreHere: (n: number) => `${n} more`,
  membersOnline: (online: number, all: number) => `${online} of ${all} online`,
  nowOnline: (n: number) => `${n} online`,
  fetchWith: (key: string) => `${key} fetches it`,
  moreLines: (n: number) => `… ${counted(n, "more line")}`,
  showWith: (key: string) => `${key} shows all`,
  closed: "closed",
  sealed: "sealed",
  announcedGone: (who: string) => `${who} took back what everybody was told`,
  letIn: (who: string, room: string) => `${who} let you into #${room}: /join ${room}`,
  goTo: "Go to",
  find: "Find",
  typed: "Typed before",
  messageMenu: "What to do with it",
  nothingTyped: "Nothing like that was typed here.",
  emptyRoom: "Nothing was said here yet. Write the first message.",
  emptyPerson: (name: string) => `Nothing was said between you and ${name} yet.`,
  pressToClose: "Esc closes it",
  copyOrClose: "c copies · Esc closes",
  toAnswer: "Enter: answer · Esc: cancel",
  checking: "Looking at it; typing is hidden",
  questionGone: "The question has gone; typing is hidden until Enter",
  cannotShow: (what: string) => `this cannot be shown (${what}); Ctrl-L tries it again`,
  yesNo: "y/n",
  escDrops: "Esc drops it",
  refusedHint: "select it to send it again or to discard it",

  // Answers of commands.
  sealedRoomMade: (room: string) =>
    `the sealed room '${room}' is yours; let others in: /invite NAME`,
  roomMade: (room: string) => `the room '${room}' did not exist; you made it`,
  backIn: (room: string) => `you are back in ${room}`,
  youLeft: (room: string) => `you left ${room}`,
  noTopic: "no topic",
  offlineMember: (user: string) => `${user} (offline)`,
  largeRoom: (room: string, all: number, online: number, names: string, more: number) => {
    const others = more > 0 ? ` and ${more} more` : "";
    return `${room}: ${all} people, ${online} online: ${names}${others}`;
  },
  onlineList: (names: string) => `online: ${names}`,
  roomList: (rooms: string) => `rooms: ${rooms}`,
  conversationList: (people: string) => `conversations: ${people}`,
  unread: (n: number) => `${n} unread`,
  joined: "joined",
  nothingFound: "nothing was found",
  youAreLoggedOut: "you are logged out; /login NAME comes back in",
  youAre: (user: string) => `you are ${user}`,
  passwordChanged: "your password is changed",
  slashHint: "// at the start sends a slash",
  done: (command: string) => `done: ${command}`,
  quietOn: "you do not see any more who comes and goes; /quiet off shows it again",
  quietOff: "you see who comes and goes",
  ignoreNone: "you ignore no one",
  ignoredList: (users: string) => `ignored: ${users}`,
  youIgnore: (user: string) => `you ignore ${user}`,
  youHear: (user: string) => `you hear ${user} again`,
  sendLine: (user: string | undefined) => `send ${user ?? "one person"} this line:`,
  accountInfo: ENGLISH.accountInfo,
  banned: (user: string) => `${user} is banned`,
  conversationOpen: (user: string) => `the conversation with ${user} is not sealed`,
  conversationSealed: (user: string) =>
    `what you and ${user} write from now on only your devices can read`,
  roomOpen: "this room is not sealed: the server's operators can read it",
  sealingAccepted: "accepted: this device goes on here",
  sealing: (status: string, reason: string | undefined) => {
    const state = status === "in" ? "sealed" : `sealed; this device is ${status}`;
    return reason === undefined ? state : `${state}: ${reason}`;
  },
  sealedMember: ({
    user,
    devices,
    hasBrowser,
    isMe,
    isVerified,
    isChanged,
    isAdmin,
  }: SealedFacts) => {
    const web = hasBrowser ? ", a browser among them" : "";
    const known = isVerified ? "verified" : "not verified";
    const changed = isChanged ? `, and another key was seen since: /verify ${user}` : "";
    const state = isMe ? "this is you" : known + changed;
    return `${user}: ${counted(devices, "device")}${web}; ${state}${isAdmin ? "; admin" : ""}`;
  },
  devicesLetIn: (user: string, added: number, missing: number) => {
    if (added === 0 && missing === 0) return `all devices of ${user} are in already`;
    const more = missing === 0 ? "" : `; ${missing} more when they have connected`;
    return `${user} is let in with ${counted(added, "device")}${more}`;
  },
  verified: (user: string) => `${user} is verified`,
  confirmDigits: (user: string, command: string) => `if ${user} sees the same: ${command} "DIGITS"`,
  confirmNewDigits: (user: string) =>
    `${user}'s identity key has changed: confirm those that ${user} sees`,
  keyAccepted: (user: string) =>
    `the key that was seen last of ${user}, or is seen next, is taken for theirs`,
  savedNow: "saved: see /saved",
  notSaved: "not saved any more",
  nothingSaved: "nothing is saved: see /save",
  notReadable: (n: number) => `not to be read here any more: ${n}`,
  nothingPinned: "nothing is pinned here",
  readBy: (readers: number, members: number, names: readonly string[]) => {
    const list = readers === 0 ? "" : `: ${names.join(", ")}`;
    return `read by ${readers} of ${members}${list}`;
  },
  queuedMessage: (user: string) => `${user} is offline; it will be delivered later`,
  queuedFile: (user: string) => `${user} is offline; it will be there when they come`,
  unsaid: "this server is too old to keep what is said with a file: send it as a message",
  sentTo: (target: string) => `sent to ${target}`,
  fileSent: (name: string, target: string) => `'${name}' was sent to ${target}`,
  fileHere: (file: string, from: string) => `${file} is here, from ${from}`,
  leftOut: (entry: string) => `left out: ${entry}`,
  renamedHere: (file: string, from: string, to: string) => `${file}: ${from} is called ${to} here`,
  moreRenamed: (file: string, n: number) => `${file}: and ${n} more have other names here`,
  noFiles: "there are no files here",
  files: "files",
  filesOnTheWay: "files are on the way; Ctrl-C stops that, to be gone on with later",
  hearAll: "you hear all",
  mutedHere: (targets: string) => `muted here: ${targets}`,
  hearAgain: (target: string) => `you hear ${target} again`,
  nowMuted: (target: string) => `${target} neither rings nor counts on this device`,
  mutedBySetting: (target: string) =>
    `${target} is muted by the setting 'muted', which stays: see /set muted`,
  stats: {
    over: (transport: string, since: string) => `over ${transport} since ${since}`,
    acknowledged: (n: number, asked: number) => `${n} of ${asked} requests acknowledged`,
    sent: (messages: number, bytes: number) =>
      `sent ${counted(messages, "message")}, ${counted(bytes, "byte")}`,
    received: (messages: number, bytes: number) =>
      `received ${counted(messages, "message")}, ${counted(bytes, "byte")}`,
    datagrams: (n: number) => ` in ${n} datagrams`,
    lost: (n: number) => `lost and sent again ${n} datagrams`,
    roundTrip: (ms: string) => `round trip ${ms} ms`,
    window: (size: string) => `congestion window ${size}`,
  },
  copied: "copied",
  tooLongToCopy: "too long to copy",
  cameAnew: {
    copy: "what this device kept of sealed rooms was an older copy: it came in anew",
    damaged: "what this device kept of sealed rooms was lost or damaged: it came in anew",
  },
  otherMachine: (from: string, to: string) =>
    `${from} does not answer; connected to ${to}, another machine of the same server`,
  disk: diskSpaceText,
  guessDelay: (of: "address" | "account" | "everyone", seconds: number) => {
    const reasons = {
      address: "too many wrong passwords from here",
      account: "too many wrong passwords for this name",
      everyone: "many guess at this password now",
    };
    return `${reasons[of]}: ${seconds} s`;
  },

  // Questions of commands.
  askCreate: (room: string, password: string | undefined, isSealed: boolean) => {
    if (isSealed) return `there is no room '${room}'; create it, sealed?`;
    if (password === undefined) return `there is no room '${room}'; create it?`;
    return `there is no room '${room}'; create it, locked with the password '${password}'?`;
  },
  askSeal: (user: string) => `seal the conversation with ${user}? it cannot be undone`,
  askPassword: (user: string, server: string) => `Password for ${user} on ${server}`,
  askRoomPassword: (room: string, server: string) => `Password of room ${room} on ${server}`,
  askAgain: (question: string) => `Not that one. ${question}`,
  askCurrentPassword: "Current password (empty if there is none)",
  askNewPassword: "New password",
  askNewPasswordOf: (user: string, server: string) => `New password for ${user} on ${server}`,
  askRepeat: "Repeat it",

  slash: {
    ...ENGLISH_COMMANDS,
    list: "list who is online",
    readers: "show who has read your message; without its number, your last one here",
    send: "send a file or folder, here or to a room or @person, and what to say with it",
    caption: "change what is said with your file; without TEXT, nothing is",
    get: "take a file by its id or name; without DIR, to the folder in which you started chat",
    verify: "show digits to compare with someone by voice, confirm them, or accept a new key",
    history: "show the last N messages of where you are",
    register: "make an account",
    login: "log in to your account",
    logout: "log out and stay connected; chat logout also forgets this device",
    passwd: "change your password (asked, or CHAT_NEW_PASSWORD)",
    set: "show or change a setting of the full screen",
    notify: "mute or unmute a room or @person on this device",
    stats: "show what the connection has carried",
    help: "show this, or what one command does",
    quit: "leave the program",
  },
};

export type TerminalTexts = Readonly<typeof ENGLISH_TERMINAL>;

/** A text that is formatted when shown, in the reader's language. */
export type Message = (texts: TerminalTexts) => string;
