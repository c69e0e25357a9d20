/** English texts of the page's first screen. */

import { counted } from "../../../base/sizes.ts";
import { ENGLISH_FAULTS } from "./faults.ts";

/** parts.ts and share.ts have the rest. A text that another language lacks fails to compile. */
export const ENGLISH = {
  lang: "en",

  // Log-in.
  name: "Name",
  password: "Password",
  showSecret: (what: string) => `Show ${what.toLowerCase()}`,
  passwordHint: "Optional. Lets you log in from other devices, too.",
  passwordNeeded: "This browser keeps no key, so each visit needs the password.",
  roomPassword: "Room password",
  roomPasswordHint: "Only a new name needs it. Ask the server's owner.",
  invited: "Your invite replaces the room password.",
  invitedOperator: "This link makes you the operator of the server.",
  enter: "Enter",
  entering: "Coming in…",
  enterExplained: "New here? Choose a name. Been here before? Use the same name.",
  enterAs: (name: string) => `Enter as ${name}`,
  knownHere: "Known in this browser",
  somebodyElse: "Another name",
  fingerprint: "Server fingerprint",
  fingerprintHint: "Compare it with what the server's owner sees.",
  fingerprintChanged: (from: string) =>
    `This is not the server that this browser met here before (${from}). ` +
    "Ask its owner before you type a password.",
  connecting: "Connecting…",
  waitingForServer: "Waiting for the server…",

  // Connection.
  offline: (seconds: number) =>
    seconds > 0 ? `Offline. Trying again in ${seconds} s.` : "Offline. Trying again…",
  tryNow: "Try now",
  otherPages: "The same server is also at",
  ended: "The connection has ended.",
  outdated: "A newer version is here.",
  reload: "Reload",
  notFetched: "This part could not be fetched. Try again online.",
  online: "online",
  away: "offline",
  presenceUnknown: "status unknown",

  // Rooms.
  skipToMessages: "Skip to messages",
  rooms: "Rooms",
  direct: "Direct messages",
  people: "People",
  unread: (n: number) => `${n} unread`,
  mentionsOfYou: (n: number) => (n === 1 ? "1 calls you" : `${n} call you`),
  hasDraft: "draft",
  favourite: "favourite",
  muted: "muted",
  locked: "with a password",
  saved: "Saved messages",
  ignoredMark: "ignored",
  openRooms: "Open the list of rooms",
  openPeople: "Show people",
  closePeople: "Hide people",
  onlineAtOpening: "Online when you opened the room",
  close: "Close",
  noRooms: "You haven't joined a room yet.",
  nothingOpen: "No room is open.",
  putOut: (who: string, room: string) => `${who} put you out of ${room}.`,
  changeTopic: "Change topic",
  pins: "Pinned messages",
  topic: "Topic",
  save: "Save",
  cancel: "Cancel",
  leaveRoom: "Leave this room",
  leaveAsk: (room: string) => `Leave ${room}?`,
  leaveExplained: "You can join it again later.",
  browseRooms: "Browse rooms",
  createRoom: "Create room",
  room: "Room",
  join: "Join",
  members: (n: number) => counted(n, "member"),
  newDirect: "Write to somebody",
  moderator: "moderator",
  operator: "operator",
  you: "you",
  actionsFor: (name: string) => `Actions for ${name}`,
  writeTo: (name: string) => `Write to ${name}`,
  mention: (name: string) => `Mention ${name}`,
  ignore: "Ignore",
  unignore: "Stop ignoring",
  ignoredHere: (name: string) => `You ignore ${name}: their words are hidden.`,
  kick: "Kick out of the room",
  mute: "Mute",
  muteFor: (minutes: number) => `Mute for ${minutes < 60 ? `${minutes} min` : `${minutes / 60} h`}`,
  unmute: "Let them speak again",
  makeModerator: "Make a moderator",
  unmakeModerator: "Take moderation back",

  // Messages.
  messages: "Messages",
  messagesOf: (target: string) => `Messages of ${target}`,
  loadingOlder: "Loading older messages…",
  newLine: "New since you were here",
  withheld: (count: number, who: string) =>
    `${count} message${count === 1 ? "" : "s"} from ${who} withheld`,
  today: "Today",
  yesterday: "Yesterday",
  newest: "Jump to newest",
  unreadBelow: (n: number) => `${n} unread below`,
  edited: "edited",
  editedAt: (time: string) => `edited ${time}`,
  erased: "erased",
  damaged: "The server has lost this message.",
  pending: "sending",
  pendingOffline: "waiting for the connection",
  refused: "not sent",
  resend: "Send again",
  discard: "Discard",
  importedAuthor: (name: string) => `${name} (imported)`,
  importedBy: (name: string, time: string) => `said ${time}, imported by ${name}`,
  replyTo: (name: string) => `In reply to ${name}`,
  replyGone: "In reply to an earlier message",
  goToReplied: "Go to the message it answers",
  emoji: "Emoji",
  react: "React",
  otherReaction: "Other reaction",
  reactWith: (sign: string) => `React with ${sign}`,
  reacted: (sign: string, n: number, names: string) => `${sign} ${n}: ${names}`,
  reply: "Reply",
  edit: "Edit",
  editCaption: "Edit caption",
  addCaption: "Add a caption",
  pin: "Pin",
  unpin: "Unpin",
  pinned: "pinned",
  erase: "Erase",
  eraseAsk: "Erase this message for everybody?",
  eraseExplained: "Its words are gone from the server for good. That it was here stays visible.",
  copyText: "Copy text",
  showMore: "Show more",
  showLess: "Show less",
  code: "Code",
  copyCode: "Copy code",
  copyLink: "Copy link",
  keepMessage: "Save for later",
  unkeepMessage: "Remove from saved",
  keptMessage: "Saved for later",
  unkeptMessage: "Removed from saved messages",
  banMade: "The ban is in force",
  whoIs: (user: string, isOnline: boolean, isOperator: boolean, day: string, rooms: string) =>
    `${user} is ${isOnline ? "online" : "offline"}${isOperator ? ", an operator" : ""}, ` +
    `registered ${day}; rooms you share: ${rooms || "none"}`,
  markUnread: "Mark as unread",
  messageGone: "That message is not here.",
  copied: "Copied",
  moreActions: (from: string) => `Actions for the message of ${from}`,
  server: "server",
  newFrom: (from: string, text: string) => `${from}: ${text}`,
  newMany: (n: number) => `${n} new messages`,
  saidJoin: (who: string) => `${who} joined`,
  saidLeave: (who: string) => `${who} left`,
  saidTopic: (who: string, topic: string) =>
    topic === "" ? `${who} removed the topic` : `${who} set the topic: ${topic}`,
  saidKick: (who: string, whom: string) => `${who} kicked ${whom}`,
  saidRemove: (who: string, whom: string) => `${who} removed the account ${whom}`,
  saidRename: (who: string, was: string, name: string) =>
    `${who} renamed ${was}, who is called ${name} now`,
  saidRenameRoom: (who: string, was: string, name: string) =>
    `${who} renamed the room ${was} to ${name}`,
  saidClose: (who: string) => `${who} closed the room: it can be read, not written to`,
  saidReopen: (who: string) => `${who} opened the room again`,
  saidKeep: (who: string, span: string) => `${who} set messages here to be erased after ${span}`,
  saidKeepAll: (who: string) => `${who} set messages here to be kept`,
  /** A duration from `formatDuration`: `2 h 5 min`. */
  span: (text: string) => text,
  keptFor: (span: string) => `kept ${span}`,
  roomClosed: "This room is closed: it can be read, not written to.",
  saidMute: (who: string, whom: string) => `${who} muted ${whom}`,
  saidMuteUntil: (who: string, whom: string, until: string) =>
    `${who} muted ${whom} until ${until}`,
  saidUnmute: (who: string, whom: string) => `${who} let ${whom} speak again`,
  saidPin: (who: string) => `${who} pinned a message`,
  saidUnpin: (who: string) => `${who} unpinned a message`,
  saidReceipts: (who: string) => `${who} lets authors here see who has read`,
  saidNoReceipts: (who: string) => `${who} no longer lets authors here see who has read`,
  saidGrant: (who: string, whom: string) => `${who} made ${whom} a moderator`,
  saidUngrant: (who: string, whom: string) => `${who} took moderation back from ${whom}`,
  sealed: "sealed",
  whoCanRead: "Who can read here",
  sealThis: "Seal this conversation",
  sealExplained: (name: string) =>
    `What you and ${name} write from then on only your devices can read. It cannot be undone.`,
  cameAnew: (reason: "copy" | "damaged"): string =>
    reason === "copy"
      ? "What this browser kept of sealed rooms was an older copy: it came in anew."
      : "What this browser kept of sealed rooms was lost or damaged: it came in anew.",
  sealedRemark: "A sealed room needs your attention. See “Who can read here” in its menu.",
  keyChanged: (name: string) =>
    `${name} has a new key. Compare it before you write to ${name} in a sealed room.`,
  notYetIn: (n: number) =>
    n === 1
      ? "One device of theirs can come in once it has connected."
      : `${n} devices of theirs can come in once they have connected.`,
  saidSealed: (who: string) => `${who} sealed this room`,
  saidKeys: (who: string, whom: string, on: boolean | undefined) => {
    if (on === undefined) return `${who} renewed the keys`;
    if (on && who === whom) return `a device of ${who} came in`;
    return `${who} ${on ? "let in" : "removed"} ${whom === "" ? "" : `${whom}'s `}devices`;
  },
  unopened: (count: number) => `${count} sealed, not for this device`,
  saidOther: (who: string, kind: string) => `${who}: ${kind}`,

  // Composer.
  message: "Message",
  messageTo: (target: string) => `Message to ${target}`,
  send: "Send",
  attach: "Attach",
  replyingTo: (name: string) => `Replying to ${name}`,
  editing: "Editing your message",
  tooLong: (size: string, max: string) => `Too long: ${size} of at most ${max}.`,
  suggestions: "Suggestions",
  dropHere: (target: string) => `Drop files to send them to ${target}`,
  commandUnknown: (word: string) => `There is no command /${word}.`,
  sendAsText: "Send as text",
  commandMisused: (usage: string) => `Write ${usage}`,

  // Files.
  file: "File",
  folderOf: (entries: number) => `Folder, ${entries === 1 ? "1 entry" : `${entries} entries`}`,
  open: "Open",
  dismiss: "Dismiss",
  done: "done",
  beingSent: (from: string, name: string) => `${from} is sending ${name}`,

  // Search.
  search: "Search",
  found: (n: number, hasMore: boolean) => `${n}${hasMore ? "+" : ""} found`,

  // Account.
  account: "Account and settings",
  invite: "Invite somebody",
  copy: "Copy",
  notified: (who: string, where: string) => `${who} in ${where}`,
  devices: "Devices",
  theme: "Appearance",

  // Dashboard.
  dashboard: "Server window",
  queued: "Queued",
  down: "down",
  progress: "Progress",
  running: "Running for",
  until: (time: string) => `until ${time}`,
  actions: "Actions",

  // Faults found by the page.
  topicInSealed: "A sealed room has no topic: the server could read it.",
  sealNeedsHttps: "Sealed rooms need an encrypted connection. Open this page by https.",
  sealNeedsKeys: "This browser does not support sealed rooms. Use a newer browser.",
  sealNeedsStorage:
    "This browser stores nothing, and sealed rooms need it. Leave the private window, or allow " +
    "this page to store data.",
  linkCodeUnknown: "A device without the code asked to be linked. It was refused.",
  keyStays: "The account key can't leave this browser. Link from another one of your devices.",
  otherFile: "This is another file. Choose the same file, or send this one as a new file.",

  faults: ENGLISH_FAULTS,
};

export type Texts = Readonly<typeof ENGLISH>;
