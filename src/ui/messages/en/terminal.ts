import { counted } from "../../../base/sizes.ts";

/** Texts of the terminal that the page does not have. */
export const ENGLISH_TERMINAL = {
  joining: "Coming in…",
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
  fetchSelected: "select it to fetch it",
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
  lines: (n: number) => counted(n, "line"),
  refusedHint: "select it to send it again or to discard it",
};

export type TerminalTexts = Readonly<typeof ENGLISH_TERMINAL>;
