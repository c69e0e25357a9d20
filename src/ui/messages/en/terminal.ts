/** English texts that only the terminal displays. */

import { diskSpaceText } from "../../../base/disk-space.ts";
import { counted } from "../../../base/sizes.ts";
import type { NotifyLevel } from "../../../core/rooms/prefs.ts";
import { ENGLISH_ACCOUNT } from "./account.ts";
import { ENGLISH_COMMANDS } from "./commands.ts";
import { ENGLISH_DESK } from "./desk.ts";
import { ENGLISH_IRC } from "./irc.ts";
import { ENGLISH } from "./page.ts";
import { ENGLISH_RULES } from "./rules.ts";

interface SealedFacts {
  readonly user: string;
  readonly devices: number;
  readonly hasBrowser: boolean;
  readonly isMe: boolean;
  readonly isVerified: boolean;
  readonly isChanged: boolean;
  readonly isAdmin: boolean;
  readonly isInvited: boolean;
}

const SEALING_STATES: Readonly<Record<string, string>> = {
  waiting: "; waiting for someone to add this device",
  out: "; this device was removed, or has left",
  lost: "; this device has lost its keys for this room and is rejoining",
  suspect: "; sending is blocked, because this room cannot be trusted",
};

export const ENGLISH_TERMINAL = {
  ...ENGLISH_ACCOUNT,
  ...ENGLISH_RULES,
  ...ENGLISH_IRC,
  stampWord: ENGLISH_DESK.stamp,
  answered: "answered",
  wallChanged: (room: string, isOff: boolean) =>
    isOff ? `#${room} is on no wall any more` : `the walls of #${room} show it`,
  loading: "Loading…",
  notLoggedIn: "not logged in",
  noMajority: (refusal: string | undefined) =>
    `${refusal === undefined ? "most servers are down" : refusal}; messages are queued`,
  majorityBack: "the cluster is available again",
  connectionLost: (reason: string) => `connection lost (${reason}); retrying`,
  connectingTo: (address: string) => `Connecting to ${address} …`,
  retryingAfter: (reason: string, seconds: number) =>
    seconds > 0 ? `${reason}; retrying in ${seconds} s` : `${reason}; retrying …`,
  loggedOut: "You are not logged in. Use /login NAME.",
  noLongerIn: (target: string) => `you are no longer in ${target}`,
  notSent: (n: number, targets: string) => `${n} not sent to ${targets}`,
  notSentBecause: (target: string, reason: string) => `not sent to ${target}: ${reason}`,
  sendingAtQuit: (n: number) =>
    `Sending ${counted(n, "message")}… Quit again to leave now and send next time.`,
  refusedAtQuit: (n: number) =>
    `${counted(n, "message")} not sent. Quit again to keep ${n === 1 ? "it" : "them"} as a draft.`,
  sendingPosts: (n: number) => `${n} queued`,
  endOf: (place: string) => `end of ${place}`,
  spaceNext: (place: string) => `Space: next, ${place}`,
  allRead: "You have read everything · Alt-I inbox",
  unreadIn: (n: number, targets: string) => `${n} unread in ${targets}`,
  moreBelow: "▾ more · Ctrl-End",
  moreBelowCount: (n: number) => `▾ ${n} more · Ctrl-End`,
  spaceReadsOn: "Space reads on",
  nextForYou: "Alt-N for you",
  newSince: (n: string, since: string | undefined) =>
    since === undefined ? `${n} new` : `${n} new since ${since}`,
  cardPeople: (people: number, named: readonly string[]) => {
    const others = people - named.length;
    const rest = others > 0 && named.length > 0 ? [counted(others, "other")] : [];
    const list = [...named, ...rest].join(", ");
    return `${people === 1 ? "1 person" : `${people} people`}${list === "" ? "" : `: ${list}`}`;
  },
  cardWalks: "Alt-N walks",
  markedRead: (n: string) => `Marked ${n} as read · Ctrl-_ undoes`,
  walkPart: {
    calls: "For you",
    moderator: "Moderators",
    photos: "Photos",
    files: "Files",
    polls: "Polls",
    results: "Results",
  },
  walkAt: (at: number, of: string) => `${at} of ${of}`,
  walkKeys: [
    ["n", "next"],
    ["p", "previous"],
    ["r", "reply"],
    ["t", "thread"],
  ] as readonly (readonly [key: string, text: string])[],
  readyAt: (place: string, key: string) => `${place} is open to you · ${key} goes there`,
  jumpReady: (seq: number) => `found #${seq} · /jump ${seq} goes there`,
  notAsked: (question: string) =>
    `${question} You were typing, so nothing was changed; repeat the command to answer.`,
  selectPrompt: "Select",
  selectKeys: {
    reply: "reply",
    edit: "edit",
    thread: "thread",
    copy: "copy",
    react: "react",
    fetch: "save file",
    fold: "show all",
    "select-answered": "original",
    save: "save",
  } as Readonly<Record<string, string>>,
  allActions: "all actions",
  selectStatus: "Shift-Up, Shift-Down move · Esc",
  answerPrompt: "Choose",
  leaveAgain: "Ctrl-C again leaves",
  walkNextIn: (place: string) => `next in ${place}`,
  walkLast: "last one · n starts again",
  walkEnds: "Esc stays here",
  paneKeys: (place: string) => `Tab to ${place} · Esc closes`,
  moreAbove: (n: number) => `${n} more above`,
  moreCount: (n: number) => `${n} more`,
  membersOnline: (online: number, all: number) => `${online} of ${all} online`,
  presence: (user: string, isOnline: boolean) => `${user} is ${isOnline ? "online" : "offline"}`,
  nowOnline: (n: number) => `${n} online`,
  fetchWith: (key: string) => `${key} downloads it`,
  moreLines: (n: number) => `… ${counted(n, "more line")}`,
  showWith: (key: string) => `${key} shows all`,
  closed: "closed",
  sealed: "encrypted",
  announced: (actor: string, text: string) => `announcement from ${actor}: ${text}`,
  announcementWithdrawn: (actor: string) => `${actor} withdrew the announcement`,
  invitedToRoom: (actor: string, room: string) => `${actor} invited you to #${room}: /join ${room}`,
  addedToRoom: (actor: string, room: string) =>
    `${actor} added you to the encrypted room #${room}: /join ${room}`,
  goTo: "Go to",
  inbox: "Inbox",
  nothingNew: "nothing new",
  inboxSum: (calls: number, unread: number, since: string | undefined) =>
    `${calls > 0 ? `${calls} for you · ` : ""}${unread} unread` +
    (since === undefined ? "" : ` since ${since}`),
  inboxNewer: (count: number) => `${count} newer · Alt-I`,
  inboxEmpty: "nothing new",
  inboxAllRead: "You have read everything.",
  inboxNow: "now",
  inboxGroups: {
    calls: "For you",
    people: "People",
    threads: "Threads",
    rooms: "Rooms",
    recent: "Recent",
  },
  inboxActions: {
    open: "Open",
    "open-beside": "Open beside",
    answer: "Answer",
    "mark-read": "Mark as read",
    mute: "Mute",
  },
  inboxMore: (count: number | string) => `${count} more`,
  inboxMuted: (rooms: string) => `muted: ${rooms}`,
  turnKey: "F8 done",
  turnElsewhere: "Alt-N goes there",
  inPlace: (place: string) => `in ${place}`,
  handKeys: "F8 next · F3 all hands",
  callsOnYou: (person?: string) => `${person ?? "A moderator"} calls on you`,
  inboxInvite: (person: string, room: string) => `${person} invites you to #${room}`,
  inboxKeys: "Enter opens · Space reads on · Tab actions",
  inboxActionKeys: "Enter chooses · Esc",
  rowsBelow: (count: number) => `▾ ${count} more`,
  find: "Find",
  inputHistory: "Input history",
  messageMenu: "Message actions",
  noHistoryMatches: "No matches in the input history.",
  newUserHint: "F1 lists the keys, and /help the commands",
  emptyRoom: "No messages yet. Write the first one.",
  emptyPerson: (name: string) => `No messages with ${name} yet.`,
  copyHint: "Alt-C copies · Esc closes",
  answerHint: "Enter: answer · Esc: cancel",
  checking: "Checking…; input is hidden",
  promptCancelled: "Prompt cancelled; input is hidden until Enter",
  drawingFailed: (reason: string) => `cannot draw the screen (${reason}); press Ctrl-L to retry`,
  escCancels: "Esc cancels",
  threadHint: (room: string) => `/reply TEXT also sends to ${room} (Esc closes)`,
  threadFollowed: "you follow this thread",
  threadUnfollowed: "you no longer follow this thread",
  noThreads: "you follow no threads",
  unreadThreads: (seqs: string) => `new replies to ${seqs}`,
  stuckHint: "select it to retry, edit or discard",
  refusedHint: "select it to resend or discard",

  sealedRoomCreated: (room: string) =>
    `created the encrypted room '${room}'; add people: /invite NAME`,
  noPassword: (room: string) => `'${room}' exists without a password: everyone can join it`,
  existingAssignment: (room: string) => `'${room}' existed already, and is an assignment`,
  roomCreated: (room: string) => `created the room '${room}'`,
  returnedTo: (room: string) => `returned to ${room}`,
  leftRoom: (room: string, adder?: string) =>
    adder === undefined
      ? `you left ${room}`
      : `you left ${room}; to keep ${adder} from adding you again: /ignore ${adder}`,
  noTopic: "no topic",
  offline: ENGLISH.offlineStatus,
  operator: ENGLISH.operator,
  moderator: ENGLISH.moderator,
  mutedMark: ENGLISH.mutedMark,
  invitedMark: ENGLISH.invitedMark,
  bot: ENGLISH.bot,
  largeRoom: (room: string, all: number, online: number, names: string, more: number) => {
    const others = more > 0 ? ` and ${more} more` : "";
    return `${room}: ${all} people, ${online} online: ${names}${others}`;
  },
  onlineList: (names: string) => `online: ${names}`,
  roomList: (rooms: string) => `rooms: ${rooms}`,
  conversationList: (people: string) => `conversations: ${people}`,
  unread: (n: number) => `${n} unread`,
  joined: "joined",
  noMessagesFound: "no messages found",
  loggedOutHint: "logged out; to log in again: /login NAME",
  loggedInAs: (user: string) => `logged in as ${user}`,
  passwordChanged: "password changed",
  slashHint: "to start a message with a slash, type //",
  cleared: "cleared; the messages stay in the history",
  quietOn: "join and leave notices are hidden; to show them: /quiet off",
  quietOff: "join and leave notices are shown",
  ignoreNone: "you are not ignoring anyone",
  ignoredList: (users: string) => `ignored: ${users}`,
  nowIgnoring: (user: string) => `ignoring ${user}`,
  stoppedIgnoring: (user: string) => `no longer ignoring ${user}`,
  inviteHint: (user: string | undefined) => `send this command to ${user ?? "one person"}:`,
  accountInfo: ENGLISH.accountInfo,
  accountKeys: ENGLISH.accountKeys,
  keySince: ENGLISH.keySince,
  newKey: ENGLISH.newKey,
  banned: (user: string) => `${user} is banned`,
  conversationOpen: (user: string) => `the conversation with ${user} is not encrypted`,
  conversationSealed: (user: string) =>
    `new messages between you and ${user} are end-to-end encrypted`,
  roomOpen: "this room is not encrypted: the server's operators can read it",
  sealingAccepted: "accepted; this device can use the room again",
  sealing: (status: string, reason: string | undefined) => {
    const state = `encrypted${SEALING_STATES[status] ?? ""}`;
    return reason === undefined ? state : `${state}: ${reason}`;
  },
  sealedHistory: "new members can read earlier messages",
  sealedMember: ({
    user,
    devices,
    hasBrowser,
    isMe,
    isVerified,
    isChanged,
    isAdmin,
    isInvited,
  }: SealedFacts) => {
    const web = hasBrowser ? ", including a browser" : "";
    const verification = isVerified ? "verified" : "not verified";
    const changed = isChanged ? `; their key has changed: /verify ${user}` : "";
    const state = isMe ? "you" : verification + changed;
    const roles = `${isAdmin ? "; admin" : ""}${isInvited ? "; invited, has not joined yet" : ""}`;
    return `${user}: ${counted(devices, "device")}${web}; ${state}${roles}`;
  },
  devicesAdded: (user: string, added: number, missing: number) => {
    if (added === 0 && missing === 0) return `all devices of ${user} are already in this room`;
    const more = missing === 0 ? "" : `; ${missing} more can be added after they connect`;
    if (added === 0) return `${user} is already in this room${more}`;
    return `added ${user} with ${counted(added, "device")}${more}`;
  },
  verified: (user: string) => `${user} is verified`,
  confirmDigits: (user: string, command: string) =>
    `if ${user} sees the same digits, run ${command} "DIGITS"`,
  confirmNewDigits: (user: string) =>
    `${user}'s identity key has changed; confirm the digits that ${user} sees`,
  keyAccepted: (user: string) => `accepted the latest key of ${user}`,
  titleSet: (room: string, title: string) => `${room} is now called ${title}`,
  faceSet: (room: string, mark: string | undefined) =>
    mark === undefined ? `${room} has its sign as its face` : `${room} now has the face ${mark}`,
  titleRemoved: (room: string) => `${room} has no display name`,
  displayNameRemoved: "your display name was removed",
  displayNameSet: (text: string) => `your display name: ${text}`,
  statusRemoved: "your status was removed",
  statusSet: (text: string) => `your status: ${text}`,
  dndOn: "do not disturb is on; to allow notifications: /dnd off",
  roomsSorted: { unread: "unread rooms come first", name: "rooms are sorted by name" },
  noKeywords: "no keywords; to be notified of words: /keywords WORD, ...",
  keywordsAre: (list: string) => `keywords that notify you: ${list}`,
  dndOff: "notifications are on",
  noHands: "no hands up here",
  messageSaved: "saved; to list saved messages: /saved",
  messageUnsaved: "removed from saved messages",
  nothingSaved: "no saved messages; to save one: /save",
  savedUnreadable: (n: number) => `${counted(n, "saved message")} can no longer be read`,
  nothingPinned: "no pinned messages",
  onlyLatest: (n: number) => `older ones exist; listed are the latest ${n}`,
  readBy: (readers: number, members: number, names: readonly string[]) => {
    const list = readers === 0 ? "" : `: ${names.join(", ")}`;
    return `read by ${readers} of ${members}${list}`;
  },
  queuedMessage: (user: string) => `${user} is offline; your message will be delivered later`,
  queuedFile: (user: string) => `${user} is offline; they can download it later`,
  sentTo: (target: string) => `sent to ${target}`,
  fileSent: (name: string, target: string) => `sent '${name}' to ${target}`,
  fileDownloaded: (file: string, from: string) => `downloaded ${file} from ${from}`,
  fileExists: (file: string) => `already downloaded: ${file}`,
  skippedEntry: (entry: string) => `skipped ${entry}`,
  grownFile: (path: string) => `${path} is growing; sent only up to the size it had at first`,
  moreSkippedEntries: (folder: string, n: number) => `${folder}: skipped ${n} more entries`,
  personalData: (file: string, kind: "location" | "name", isCertain: boolean) =>
    `${file} ${isCertain ? "contains" : "may contain"} ` +
    (kind === "location"
      ? "the location where it was taken"
      : "the name of a person, such as its author"),
  savedUnderName: (file: string, from: string, to: string) => `${file}: saved ${from} as ${to}`,
  moreSavedUnderNames: (file: string, n: number) => `${file}: ${n} more saved under other names`,
  notKept: (file: string, properties: readonly ("modes" | "times")[]) =>
    `${file}: saved, but this disk does not keep ${properties.join(" and ")}`,
  noFiles: "no files",
  unfinishedFiles: "your unfinished uploads; to delete one: /files delete ID",
  unfinishedDeleted: (id: string) => `deleted the unfinished upload ${id}`,
  stuckMessage: "not sent; to decide what happens to it: /files",
  continuesLater: (n: number) =>
    n === 1
      ? "1 message with files continues at the next start"
      : `${n} messages with files continue at the next start`,
  stuckIn: (target: string) => `a message to ${target} is not sent; it waits there for you`,
  inputNotEmpty: "send or clear what you have typed first; then edit the message",
  waitingMessages: "messages that wait (/files retry, without, edit or delete, and the number):",
  finishingTransfers: "finishing transfers; Ctrl-C stops them, and you can resume them later",
  ircPasswordCreated: (user: string) => `IRC password for ${user}, shown only once:`,
  ircPasswords: (n: number) => (n === 0 ? "no IRC passwords" : counted(n, "IRC password")),
  ircPasswordFacts: (id: number, label: string, day: string, isOnline: boolean) =>
    `${id}: ${label === "" ? "" : `${label}, `}created ${day}${isOnline ? ", in use" : ""}`,
  ircPasswordRevoked: (id: number) => `IRC password ${id} no longer works`,
  nothingMuted: "nothing is muted",
  mutedList: (targets: string) => `muted on this device: ${targets}`,
  unmuted: (target: string) => `${target} is no longer muted`,
  notifyLevelSet: (target: string, level: NotifyLevel) =>
    `notifications from ${target} on all your devices: ${ENGLISH.notifyLevel(level)}`,
  targetMuted: (target: string) => `${target} is muted on this device`,
  mutedBySetting: (target: string) =>
    `${target} is still muted by the setting 'muted'; to change it: /set muted`,
  stats: {
    over: (transport: string, since: string) => `over ${transport} since ${since}`,
    acknowledged: (n: number, requests: number) => `${n} of ${requests} requests acknowledged`,
    sent: (messages: number, bytes: number) =>
      `sent ${counted(messages, "message")}, ${counted(bytes, "byte")}`,
    received: (messages: number, bytes: number) =>
      `received ${counted(messages, "message")}, ${counted(bytes, "byte")}`,
    datagrams: (n: number) => ` in ${n} datagrams`,
    lost: (n: number) => `${n} datagrams lost and resent`,
    roundTrip: (ms: string) => `round trip ${ms} ms`,
    window: (size: string) => `congestion window ${size}`,
  },
  copied: "copied",
  tooLongToCopy: "too long to copy",
  rejoined: {
    copy: "this device had an outdated copy of its encrypted rooms and has rejoined them",
    damaged:
      "this device's data for encrypted rooms was lost or damaged; it has rejoined the rooms",
    replaced: "the server's history was replaced; this device has rejoined its encrypted rooms",
  },
  failedOver: (from: string, to: string) =>
    `${from} does not answer; connected to the same server at ${to}`,
  disk: diskSpaceText,
  guessDelay: (of: "address" | "account" | "everyone", seconds: number) => {
    const reasons = {
      address: "too many wrong attempts from this address",
      account: "too many wrong attempts for this name",
      everyone: "too many attempts by everyone",
    };
    return `${reasons[of]}; retrying in ${seconds} s`;
  },

  askCreate: (room: string, password: string | undefined, isSealed: boolean) => {
    if (isSealed) return `Room '${room}' does not exist. Create it with end-to-end encryption?`;
    if (password === undefined) return `Room '${room}' does not exist. Create it?`;
    return `Room '${room}' does not exist. Create it with the password '${password}'?`;
  },
  askInstead: (room: string, near: string) =>
    `Room '${room}' does not exist. Open '${near}' instead?`,
  askSeal: (user: string) => `Encrypt the conversation with ${user}? This cannot be undone.`,
  appliesTo: (room: string) => `applies to #${room}`,
  askLeaveLast: (room: string) =>
    `You are the only moderator of #${room}. Nobody will see what members hand in. Leave?`,
  askErase: (message: string) => `Delete for everyone? ${message}`,
  askEraseFile: (name: string) => `Delete ${name} for everyone?`,
  askPassword: (user: string, server: string) => `Password for ${user} on ${server}`,
  askInvite: (server: string) => `Invite code for ${server}`,
  askServerPassword: (server: string) => `Server password for ${server}`,
  askAgain: (question: string) =>
    `Not accepted; the code of your card works here, too. ${question}`,
  askCurrentPassword: "Current password (leave empty if none)",
  askNewPassword: "New password",
  askNewPasswordOf: (user: string, server: string) => `New password for ${user} on ${server}`,
  askRepeat: "Repeat password",

  slash: {
    ...ENGLISH_COMMANDS,
    wall: "show the room on walls, choose names, a timer, a line or a round; for moderators",
    stamp: "answer the work of NAME, or of the open box, with a stamp; for moderators",
    list: "list online users",
    readers: "show who has read your message; without SEQ, your latest one here",
    send: "send a file or folder with an optional caption",
    caption: "change the caption of your file; without TEXT, remove it",
    get: "download a file by id, name or number; default DIR: the folder where chat started",
    verify: "verify a user's identity, or accept their new key",
    history: "show the last N messages here",
    register: "create an account",
    login: "log in to your account",
    logout: "log out and stay connected; chat logout also signs out this device",
    passwd: "change your password (prompt, or CHAT_NEW_PASSWORD)",
    "irc-password": "create, list or revoke passwords for your IRC clients",
    set: "show or change a setting of the full screen",
    notify: "all, mentions or nothing notify you in a room or @person; on, off: this device only",
    inbox: "list what is new, what calls you first",
    go: "open message N of the last list, in line mode",
    stats: "show connection statistics",
    help: "list all commands, or describe one",
    quit: "quit",
  },
};

export type TerminalTexts = Readonly<typeof ENGLISH_TERMINAL>;

export type TerminalMessage = (texts: TerminalTexts) => string;
