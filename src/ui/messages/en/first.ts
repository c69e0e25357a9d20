/** English texts for the page's first screen. */

import { counted } from "../../../base/sizes.ts";
import { ENGLISH_FAULTS } from "./faults.ts";

/**
 * The types of the other languages derive from these texts, so a missing translation does not
 * compile.
 */
export const ENGLISH = {
  lang: "en",

  name: "Name",
  password: "Password",
  showSecret: (label: string) => `Show ${label.toLowerCase()}`,
  passwordHint: "Optional. Lets you sign in from other devices.",
  passwordNeeded: "This browser can't store a key, so you'll enter your password each visit.",
  roomPassword: "Server password",
  roomPasswordHint: "New accounts only. Ask the server's owner.",
  invited: "You've been invited: no server password needed.",
  invitedOperator: "Sign in to become this server's operator.",
  continueLogin: "Continue",
  signingIn: "Signing in…",
  loginExplained: "Enter a new name to register, or your existing name to sign in.",
  continueAs: (name: string) => `Continue as ${name}`,
  knownAccounts: "Accounts in this browser",
  useOtherName: "Use another name",
  fingerprint: "Server fingerprint",
  fingerprintHint: "Compare it with the fingerprint that the server's owner sees.",
  fingerprintChanged: (from: string) =>
    `This server's identity has changed. This browser knew it as ${from}. ` +
    "Check with the server's owner before you enter a password.",
  connecting: "Connecting…",
  waitingForServer: "Waiting for the server…",

  offline: (seconds: number) =>
    seconds > 0
      ? `Can't reach the server. Retrying in ${seconds} s.`
      : "Can't reach the server. Retrying…",
  tryNow: "Retry now",
  otherPages: "This server is also available at",
  disconnected: "Disconnected.",
  outdated: "A new version is available.",
  reload: "Reload",
  loadFailed: "Couldn't load this. Check your connection and retry.",
  online: "online",
  offlineStatus: "offline",
  presenceUnknown: "status unknown",

  skipToMessages: "Skip to messages",
  rooms: "Rooms",
  direct: "Direct messages",
  people: "People",
  unread: (n: number) => `${n} unread`,
  mentionCount: (n: number) => counted(n, "mention"),
  hasDraft: "draft",
  favourite: "favourite",
  muted: "muted",
  locked: "password required",
  saved: "Saved messages",
  ignoredMark: "ignored",
  mutedMark: "muted",
  openRooms: "Open the list of rooms",
  openPeople: "Show people",
  closePeople: "Hide people",
  onlineAtOpening: "Online when you opened this room",
  close: "Close",
  noRooms: "You haven't joined any rooms yet.",
  chooseRoom: "Choose a room.",
  changeTopic: "Change topic",
  pins: "Pinned messages",
  topic: "Topic",
  save: "Save",
  cancel: "Cancel",
  leaveRoom: "Leave room",
  leaveAsk: (room: string) => `Leave ${room}?`,
  leaveExplained: "You can join again later.",
  browseRooms: "Browse rooms",
  createRoom: "Create room",
  room: "Room",
  join: "Join",
  members: (n: number) => counted(n, "member"),
  newDirect: "New message",
  moderator: "moderator",
  operator: "operator",
  you: "you",
  actionsFor: (name: string) => `Actions for ${name}`,
  writeTo: (name: string) => `Message ${name}`,
  mention: (name: string) => `Mention ${name}`,
  ignore: "Ignore",
  unignore: "Stop ignoring",
  ignoredHere: (name: string) => `You're ignoring ${name}. Their messages are hidden.`,
  kick: "Remove from room",
  mute: "Mute",
  muteFor: (minutes: number) => `Mute for ${minutes < 60 ? `${minutes} min` : `${minutes / 60} h`}`,
  unmute: "Unmute",
  makeModerator: "Make moderator",
  removeModerator: "Remove as moderator",

  messages: "Messages",
  messagesOf: (target: string) => `Messages in ${target}`,
  loadingOlder: "Loading older messages…",
  newMessages: "New messages",
  hiddenMessages: (count: number, actor: string) =>
    `${counted(count, "hidden message")} from ${actor}`,
  today: "Today",
  yesterday: "Yesterday",
  newest: "Jump to latest",
  unreadBelow: (n: number) => counted(n, "new message"),
  edited: "edited",
  notice: "notice",
  editedAt: (time: string) => `edited ${time}`,
  deleted: "Message deleted",
  deletedBy: (name: string) => `Message deleted by ${name}`,
  damaged: "This message is missing from the server.",
  pending: "sending",
  pendingOffline: "waiting for connection",
  refused: "not sent",
  resend: "Retry",
  discard: "Discard",
  importedAuthor: (name: string) => `${name} (imported)`,
  importedBy: (name: string, time: string) => `sent ${time}, imported by ${name}`,
  replyTo: (name: string) => `Replied to ${name}`,
  repliedToEarlier: "Replied to an earlier message",
  goToOriginal: "Go to original message",
  emoji: "Emoji",
  react: "React",
  addReaction: "Add reaction…",
  reactWith: (sign: string) => `React with ${sign}`,
  reacted: (sign: string, n: number, names: string) => `${sign} ${n}: ${names}`,
  reply: "Reply",
  edit: "Edit",
  editCaption: "Edit caption",
  addCaption: "Add a caption",
  pin: "Pin",
  unpin: "Unpin",
  pinned: "pinned",
  deleteMessage: "Delete",
  appliesTo: (room: string) => `Applies to #${room}.`,
  deleteAsk: "Delete this message for everyone?",
  deleteExplained: "Its text is permanently deleted. A placeholder stays.",
  copyText: "Copy text",
  showMore: "Show more",
  showLess: "Show less",
  code: "Code",
  copyCode: "Copy code",
  copyLink: "Copy link",
  saveMessage: "Save for later",
  unsaveMessage: "Remove from saved",
  messageSaved: "Saved for later",
  messageUnsaved: "Removed from saved messages",
  userBanned: "User banned",
  accountInfo: (user: string, isOnline: boolean, isOperator: boolean, day: string, rooms: string) =>
    `${user}${isOperator ? " (operator)" : ""} is ${isOnline ? "online" : "offline"}, ` +
    `registered ${day}; shared rooms: ${rooms || "none"}`,
  markUnread: "Mark as unread",
  messageNotFound: "Message not found.",
  notAllAttached: (max: number) =>
    `Not all files were attached. A message can have up to ${max} files.`,
  noFilesInFolder: "There are no files in this folder.",
  linkElsewhere: "This link belongs to another server.",
  copied: "Copied",
  moreActions: (from: string) => `Actions for message from ${from}`,
  server: "server",
  newFrom: (from: string, text: string) => `${from}: ${text}`,
  newMany: (n: number) => `${n} new messages`,
  eventJoin: (actor: string) => `${actor} joined`,
  eventLeave: (actor: string) => `${actor} left`,
  eventTopic: (actor: string, topic: string) =>
    topic === "" ? `${actor} removed the topic` : `${actor} set the topic: ${topic}`,
  eventKick: (actor: string, subject: string) => `${actor} removed ${subject}`,
  eventAccountDeleted: (actor: string, subject: string) =>
    `${actor} deleted the account ${subject}`,
  eventRename: (actor: string, oldName: string, name: string) =>
    `${oldName} is now ${name} (renamed by ${actor}, operator)`,
  eventRenameRoom: (actor: string, oldName: string, name: string) =>
    `${actor} renamed the room ${oldName} to ${name}`,
  eventClose: (actor: string) => `${actor} made this room read-only`,
  eventReopen: (actor: string) => `${actor} reopened this room`,
  eventRetention: (actor: string, span: string) =>
    `${actor} set messages to be deleted after ${span}`,
  eventRetentionOff: (actor: string) => `${actor} turned off automatic deletion`,
  span: (text: string) => text,
  retention: (span: string) => `retention ${span}`,
  roomClosed: "This room is read-only.",
  notInvited: "You aren't invited to this encrypted room. Ask a member to invite you.",
  mutedHere: "You're muted in this room.",
  mutedUntil: (time: string) => `You're muted in this room until ${time}.`,
  eventInvite: (actor: string, subject: string) => `${actor} invited ${subject}`,
  eventUninvite: (actor: string, subject: string) => `${actor} withdrew ${subject}'s invitation`,
  eventMute: (actor: string, subject: string) => `${actor} muted ${subject}`,
  eventMuteUntil: (actor: string, subject: string, until: string) =>
    `${actor} muted ${subject} until ${until}`,
  eventUnmute: (actor: string, subject: string) => `${actor} unmuted ${subject}`,
  eventPin: (actor: string) => `${actor} pinned a message`,
  eventUnpin: (actor: string) => `${actor} unpinned a message`,
  eventReceiptsOn: (actor: string) => `${actor} turned on read receipts`,
  eventReceiptsOff: (actor: string) => `${actor} turned off read receipts`,
  eventGrant: (actor: string, subject: string) => `${actor} made ${subject} a moderator`,
  eventUngrant: (actor: string, subject: string) => `${actor} removed ${subject} as moderator`,
  sealed: "encrypted",
  membersAndEncryption: "Members and encryption",
  sealConversation: "Encrypt conversation",
  sealExplained: (name: string) =>
    `Only your devices and ${name}'s can read new messages. This can't be undone.`,
  sealedDataLost: (reason: "copy" | "damaged"): string =>
    reason === "copy"
      ? "This browser had an outdated copy of its encrypted rooms and has rejoined them."
      : "This browser's data for encrypted rooms was lost or damaged. It has rejoined the rooms.",
  sealedRemark:
    "An encrypted room needs your attention. Open “Members and encryption” in its menu.",
  keyChanged: (name: string) =>
    `${name}'s key has changed. Verify it before you write to ${name} in an encrypted room.`,
  devicesPending: (n: number) =>
    n === 1
      ? "One of their devices will be added when it connects."
      : `${n} of their devices will be added when they connect.`,
  eventSealed: (actor: string) => `${actor} turned on end-to-end encryption`,
  eventKeys: (actor: string, subject: string, on: boolean | undefined) => {
    if (on === undefined) return `${actor} renewed the encryption keys`;
    if (on && actor === subject) return `one of ${actor}'s devices joined`;
    return `${actor} ${on ? "added" : "removed"} ${subject === "" ? "" : `${subject}'s `}devices`;
  },
  unreadableMessages: (count: number) =>
    `${counted(count, "encrypted message")} that this device can't read`,
  eventOther: (actor: string, kind: string) => `${actor}: ${kind}`,

  message: "Message",
  messageTo: (target: string) => `Message ${target}`,
  send: "Send",
  attach: "Attach",
  replyingTo: (name: string) => `Replying to ${name}`,
  editing: "Editing your message",
  tooLong: (size: string, max: string) => `Too long: ${size}. The maximum is ${max}.`,
  suggestions: "Suggestions",
  dropHere: (target: string) => `Drop files to send them to ${target}`,
  commandUnknown: (command: string) => `Unknown command: /${command}`,
  sendAsText: "Send as text",
  commandUsage: (usage: string) => `Usage: ${usage}`,

  file: "File",
  folderOf: (entries: number) => `Folder, ${entries === 1 ? "1 entry" : `${entries} entries`}`,
  open: "Open",
  dismiss: "Dismiss",
  done: "done",
  fileInProgress: (from: string, name: string) => `${from} is sending ${name}`,

  search: "Search",
  resultCount: (n: number, hasMore: boolean) => `${n}${hasMore ? "+" : ""} found`,

  account: "Account and settings",
  invite: "Invite people",
  copy: "Copy",
  notificationTitle: (actor: string, target: string) => `${actor} in ${target}`,
  devices: "Devices",
  theme: "Appearance",

  dashboard: "Server administration",
  queued: "Queued",
  down: "download",
  progress: "Progress",
  uptime: "Uptime",
  until: (time: string) => `until ${time}`,
  actions: "Actions",

  topicInSealed: "Encrypted rooms can't have a topic, because the server could read it.",
  sealNeedsHttps: "Encrypted rooms need a secure connection. Open this page over https.",
  sealNeedsKeys: "This browser doesn't support encrypted rooms. Use a newer browser.",
  sealNeedsStorage:
    "This browser can't store data, which encrypted rooms require. Leave private browsing, " +
    "or allow this page to store data.",
  linkCodeUnknown: "A device tried to link with a wrong code and was refused.",
  keyStays: "The account key can't be exported from this browser. Link from another device.",
  otherFile: "This is a different file. Choose the original file, or send this one as a new file.",

  faults: ENGLISH_FAULTS,
};

export type Texts = Readonly<typeof ENGLISH> & {
  /** Order of dates and clock that the browser prefers. */
  readonly locale?: Intl.Locale;
};
