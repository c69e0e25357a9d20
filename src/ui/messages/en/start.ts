/**
 * English texts that the page needs before its rooms have loaded: of the sign-in, banners, dialogs
 * and faults. Each delays the sign-in form; page.ts has the others.
 */

import { counted } from "../../../base/sizes.ts";
import type { Language } from "../languages.ts";
import { ENGLISH_FAULTS } from "./faults.ts";

export const ENGLISH_START = {
  lang: "en" as Language,
  name: "Name",
  password: "Password",
  showSecret: (label: string) => `Show ${label.toLowerCase()}`,
  passwordHint:
    "Optional. Lets you sign in from other devices, and here if the browser deletes its data. " +
    "Without it, only an operator can let you in again.",
  passwordNeeded: "This browser can't store a key, so you'll enter your password each visit.",
  passwordPrivate:
    "A private window forgets your account when it closes. With a password you can sign in again.",
  roomPassword: "Server password",
  roomPasswordHint: "New accounts only. Ask the server's owner.",
  invited: "You've been invited: no server password needed.",
  invitedOperator:
    "Sign in to become an operator of this server. Your account keeps these rights, so choose a " +
    "password.",
  continueLogin: "Continue",
  signingIn: "Signing in…",
  loginExplained: "Enter a new name to register, or your existing name to sign in.",
  inviteCode: "Invite code",
  inviteCodeHint: "New accounts only. Ask whoever runs this server.",
  loginClosed:
    "Enter your name to sign in. A new account needs an invite: ask whoever runs this server.",
  closedTo: (name: string) =>
    `No account ${name} with this password here. A new account needs an invite.`,
  createAsk: (name: string) => `No account ${name} here. Make one?`,
  createExplained: "If you already have an account, check how its name is spelled.",
  createFullName: (text: string) => `Others will see your name as ${text}.`,
  createDo: "Create account",
  continueAs: (name: string) => `Continue as ${name}`,
  knownAccounts: "Accounts in this browser",
  useOtherName: "Use another name",
  passwordOf: (name: string) => `Password of ${name}`,
  lacksPassword:
    "This account had no password. Enter the code of a card, or choose “I have a code” for a " +
    "code from your other device.",
  signIn: "Sign in",
  sharedComputer: "Shared computer: forget me when I sign out",
  forgetHere: "Forget me here",
  forgetExplained: (name: string) =>
    `Removes the face, name, drafts and keys of ${name} from this browser`,
  forgetAsk: (name: string) => `Forget ${name} in this browser?`,
  forgetLost:
    "Drafts and unsent messages are lost. Encrypted rooms can no longer be read in this browser: " +
    "if it is your only device, what was written there is lost.",
  forgottenNext: "Signed out and forgotten here. Who is next?",
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
  postsRefused: "This network blocks WebSocket and POST requests. The page needs one of the two.",
  answersRefused:
    "This network blocks WebSocket and holds back HTTP responses. " +
    "The page needs one of the two.",
  connectionsFull: "The server takes no more connections now. Its operator sees why.",
  serverRestarts: "The server is restarting.",
  postsLimited: "This network blocks WebSocket and larger requests.",
  tryNow: "Retry now",
  otherPages: "This server is also available at",
  disconnected: "Disconnected.",
  connectedAgain: "Connected again.",
  outdated: "A new version is available.",
  pageReplaced:
    "This page is out of date. Your drafts, attached files and unsent messages are " +
    "stored: reload to continue.",
  browserFull: "This browser's storage is full.",
  browserDataDeleted:
    "The data of this page was deleted in this browser. Before you close or reload the page, " +
    "set a password in the settings, or you can't sign in again.",
  browserStoresNothing: "This browser doesn't store data of this page.",
  storeLost: (what: "settings" | "files" | "texts" | "account") =>
    ({
      settings: "Changed settings are lost when the page closes.",
      files: "Attached and unsent files are lost when the page closes.",
      texts: "Drafts, unsent messages and attached files are lost when the page closes.",
      account:
        "When the page closes, drafts, unsent messages and attached files are lost, and you need " +
        "your password to sign in again.",
    })[what],
  storageSlow: "This browser's storage doesn't answer. Waiting for it…",
  olderPageTitle: "This page is out of date",
  loading: "Loading…",
  partMissing:
    "A part of the page can't be loaded. Retrying. " +
    "A content blocker or the network may hold it back.",
  startFailed: "The page doesn't work",
  startFailedHint: "Reload it. If that doesn't help, send the details to the server's operator.",
  copied: "Copied",
  copyDetails: "Copy details",
  olderPage:
    "This browser holds data that a newer version of this page has stored. Your account, " +
    "drafts and messages are still there.",
  olderPageReload:
    "Reload the page. If this message stays, the server runs an older version: ask its " +
    "operator to upgrade chat.",
  reload: "Reload",
  loadFailed: "Couldn't load this. Check your connection and retry.",
  close: "Close",
  cancel: "Cancel",
  today: "Today",
  yesterday: "Yesterday",
  dismiss: "Dismiss",
  copy: "Copy",
  until: (time: string) => `until ${time}`,
  sealNeedsHttps: "Encrypted rooms need a secure connection. Open this page over https.",
  sealNeedsKeys: "This browser doesn't support encrypted rooms. Use a newer browser.",
  sealNeedsStorage:
    "This browser can't store data, which encrypted rooms require. Leave private browsing, " +
    "or allow this page to store data.",
  keyStays: "The account key can't be exported from this browser. Link from another device.",
  otherFolder: "This folder differs, or has changed. Send it as a new folder.",
  otherFile: "This is a different file. Choose the original file, or send this one as a new file.",
  nameInvalid: "Use 1 to 32 letters, digits, - or _, not only digits.",
  nameRefused: "That name isn't available.",
  nameTaken: (name: string) =>
    `${name} is taken. If it's your account, enter your password, or a code: of your card, of ` +
    "another device, or of an operator.",
  passwordWrong: "Incorrect password.",
  passwordUnmatched: (name: string) =>
    `${name} and this password don't match. If you have a card, use its code.`,
  passwordShort: (n: number) => `Passwords need at least ${n} characters.`,
  useName: (name: string) => `Use ${name}`,
  roomPasswordMissing: (name: string) =>
    `If ${name} is a new name, enter the server password. ` +
    "If it's your account, enter your password, or the code on your card.",
  passwordOrRoom: (name: string) =>
    `${name} and this password don't match. If you have a card, use its code. ` +
    "If the name is new, enter the server password.",
  guessDelay: (of: "address" | "account" | "everyone", seconds: number) =>
    `${
      {
        address: "Too many wrong passwords from your network",
        account: "Too many wrong passwords for this account",
        everyone: "Too many wrong passwords on this server",
      }[of]
    }. Wait ${seconds} s.`,
  programInstall: "Install the terminal program",
  programOffered: "A terminal program is also available.",
  programFor: (system: string, size: string) => `Download for ${system} (${size})`,
  programMore: "Verify the download, other systems",
  programCheck:
    "Run this command in the download folder to detect a damaged file. The checksum comes " +
    "from the same server.",
  operatorOffered: (user: string) =>
    `This link makes ${user}, who is signed in here, an operator of this server. The account ` +
    "keeps these rights. If you aren't this person, sign out first.",
  operatorAccept: (user: string) => `Make ${user} operator`,
  operatorNow: "You are an operator of this server now, also after a restart.",
  operatorLinkUsed:
    "This operator link has been used already or has expired. “chat serve” prints a new one at " +
    "each start.",
  personalUnseen: "It may contain a location or a name. Retry to send it.",
  trustServer: "Trust this server",
  trustServerHint: "Removes the warning; allows notifications and installing.",
  pageNotices: "Notices of this page",
  linkHere: "I have a code",
  codeExplained:
    "Enter the code on your card, or the code of a device where you are signed in: there, open " +
    "Settings, then \u201cLink a new device\u201d. Without either, ask an operator for a code.",
  cardCodeExplained: "Enter the code on your card, or ask an operator for a code.",
  codeLabel: "Code",
  linkHereReady: "Your other device has given this one a code. Use it to sign in here?",
  linkHereDo: "Use it and sign in",
  newPassword: "New password",
  passwordRule: (n: number) => `At least ${n} characters.`,
  repeatPassword: "Repeat new password",
  passwordsDiffer: "The passwords don't match.",
  resetExplained: "Choose a password for your account. The code works once.",
  resetFor: (user: string) => `Choose a password for ${user}. The code works once.`,
  resetThen: (user: string) =>
    `From then on, sign in with the name ${user} and this password. Write it down.`,
  resetInstead: (user: string) => `You are signed in here as ${user}.`,
  signedOutHere: (user: string, unsent: number) =>
    `This browser was signed out. Sign in as ${user} again` +
    (unsent === 0 ? "." : ` to send ${counted(unsent, "message")}.`),
  resetSet: "Set password and sign in",
  resetOther: "Sign in another way",
  pictureUnsupported: "Choose a JPEG, PNG or WebP picture.",
  diskLow: (free: string, keep: string) =>
    `The server's disk is nearly full: ${free} free. Below ${keep}, only operators can post.`,
  diskFull: (free: string, keep: string) =>
    `The server's disk is full: ${free} free. Only operators can post until ${keep} is free.`,
  noMajority: (refusal: string | undefined) =>
    refusal === undefined
      ? "Most of the cluster's servers are down. Your messages will be sent when they recover."
      : `The server can't record messages: ${refusal}. Yours will be sent when it can.`,
  alarmTitle: "This server's history has been altered",
  alarmStopped:
    "Sending is blocked. Ask the server's owner, outside this chat, what happened, and compare " +
    "with other users: chat verify --words.",
  alarmEvidence: "Save evidence",
  alarmAccept: "The owner confirmed it…",
  alarmAcceptAsk:
    "Accept the server's current history? The previous history will no longer be checked.",
  alarmAcceptNow: "Accept and reload",

  faults: ENGLISH_FAULTS,
  /** Texts of faults in another language, by English template. */
  faultTemplates: {} as Readonly<Record<string, string>>,
};

export type StartTexts = Readonly<typeof ENGLISH_START> & {
  /** Order of dates and clock that the browser prefers. */
  readonly locale?: Intl.Locale;
};
