/** Texts of the place Help, beside the questions and answers. */

export const ENGLISH_PAGE_HELP = {
  about: "Also without a network",
  back: "Back",
  tabs: { questions: "Questions", keys: "Keys", experts: "For experts" },
  related: "Also asked",
  none: (question: string) => `No answer has “${question}”`,
  noneHint: "Try fewer words, or ask a moderator.",
  open: (room: string) => `Open ${room}`,
  ask: (name: string) => `Ask ${name}`,
  more: "More about it",
  /** Questions of a part of the help. */
  moreOf: (part: string) => `${part}: questions`,
  picture: {
    handIn: "A room with a pencil, the message field, and the sign Handed in above",
    hand: "The strip above a room with the button Raise hand",
    media: "The message field with the buttons Attach and Voice message",
    findAgain: "The field Find anything with two words",
    work: "My work",
    words: "volcano budi",
    room: "volcano",
  },
  keys: {
    unreadRooms: "previous or next unread room",
    help: "help",
    findSecond: "in the field: card, preview or settings of the chosen row",
    walk: "later result; with Shift the earlier one",
    undo: "undo what the field has just done",
  },
};

export type PageHelpTexts = typeof ENGLISH_PAGE_HELP;
