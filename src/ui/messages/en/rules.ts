/** English texts about the rules of a room, for terminal and page. */

import { counted } from "../../../base/sizes.ts";

/** Numbers of people who were put into a room, or were not. */
interface PutInNumbers {
  readonly added: number;
  readonly invited: number;
  readonly present: number;
  readonly skipped: number;
}

export const ENGLISH_RULES = {
  rulePost: "Posting",
  ruleTopic: "Topic",
  ruleSlow: "Slow mode",
  ruleJoin: "Joining",
  ruleEveryone: "@everyone",
  ruleNewcomers: "Newcomers",
  ruleNewcomersJoin: "are added",
  ruleNewcomersOff: "are not added",
  ruleBoxes: "After the assignment",
  ruleBoxesStay: (state: "closed" | "open"): string =>
    state === "open" ? "members still post in their boxes" : "boxes are closed",
  ruleDue: "Due",
  ruleDueHint: "For example 2026-11-30 18:00, or 7d",
  dueBy: (time: string, isMissing: boolean) =>
    `Due ${time}.${isMissing ? " You have not handed in anything." : ""}`,
  handedBy: (state: "in-time" | "added-later" | "late" | "missing") =>
    ({
      "in-time": "in time",
      "added-later": "in time, more later",
      late: "late",
      missing: "missing",
    })[state],
  hasLeft: "has left the room",
  isInvited: "invited, not in the room yet",
  ruleWho: (who: "everyone" | "moderators" | "operators"): string => who,
  rulePoster: (who: "everyone" | "moderators" | "private"): string =>
    who === "private" ? "assignment: only to the moderators" : who,
  ruleSlowTime: (seconds: number) => counted(seconds, "second"),
  ruleOff: "off",
  ruleJoinBy: (how: "open" | "password" | "approval") =>
    ({ open: "everyone", password: "with the password", approval: "by approval" })[how],
  ruleChanges: (rules: string) => `changed the rules: ${rules}`,
  ruleSetPost: (who: "everyone" | "moderators" | "private"): string =>
    ({
      everyone: "let everyone post",
      moderators: "let only moderators post",
      private: "made this room an assignment: only moderators see what members post",
    })[who],
  ruleSetTopic: (who: "everyone" | "moderators"): string =>
    `let ${who === "everyone" ? "everyone" : "only moderators"} set the topic`,
  ruleSetSlow: (seconds: number | undefined): string =>
    seconds === undefined
      ? "turned slow mode off"
      : `set slow mode to ${counted(seconds, "second")}`,
  ruleSetJoin: (how: "open" | "password" | "approval"): string =>
    ({
      open: "let everyone join",
      password: "set a password for joining",
      approval: "let people join by approval",
    })[how],
  ruleSetEveryone: (who: "everyone" | "moderators" | undefined): string =>
    who === undefined
      ? "let everyone use @everyone in small rooms, else moderators"
      : `let ${who === "everyone" ? "everyone" : "only moderators"} use @everyone`,
  ruleSetNewcomers: (isOn: boolean): string =>
    isOn ? "let newcomers to the server be added" : "stopped adding newcomers",
  ruleSetBoxes: (state: "closed" | "open"): string =>
    state === "open"
      ? "let members still post in their boxes after the assignment"
      : "closed the boxes after the assignment",
  ruleSetDue: (time: string | undefined): string =>
    time === undefined ? "removed the due time" : `set the due time to ${time}`,
  ruleBySize: "everyone in small rooms, else moderators",
  serverRules: "Rules of the server",
  changeServerRules: "Change the rules",
  serverRuleDirect: "Direct messages from and to",
  serverRuleRooms: "Creating rooms",
  serverRuleFiles: "Sending files",
  directToModerators: "Direct messages are only possible from and to moderators.",
  directToOperators: "Direct messages are only possible from and to operators.",
  roomClosed: "This room is read-only.",
  mutedHere: "You're muted in this room.",
  mutedUntil: (time: string) => `You're muted in this room until ${time}.`,
  noRules: "no restrictions",
  assignmentEnded: "The assignment has ended.",
  onlyModeratorsPost: "Only moderators can post here.",
  onlyModeratorsSee: "Only you and the moderators see what you post here.",
  onlyTheySee: (user: string) => `Only ${user} and the moderators see what you post here.`,
  handedCount: (count: number, all: number) => `${count} of ${all} handed in`,
  putIn: ({ added, invited, present, skipped }: PutInNumbers) =>
    [
      invited > 0 ? `${invited} invited` : `${added} added`,
      present > 0 ? `${present} ${present === 1 ? "was" : "were"} in it` : "",
      skipped > 0 ? `${skipped} skipped` : "",
    ]
      .filter((text) => text !== "")
      .join(", "),
  askPutIn: (people: number, room: string, adds: boolean) =>
    `${adds ? "Add" : "Invite"} ${people === 1 ? "1 person" : `${people} people`} to ${room}?`,
  putInPresent: (people: number) =>
    `${people === 1 ? "1 person is" : `${people} people are`} in it already.`,
  reminded: (people: number) =>
    people === 0
      ? "Everyone has handed in"
      : `Reminded ${people === 1 ? "1 person" : `${people} people`}`,
  slowWait: (seconds: number) => `Slow mode: you can post again in ${counted(seconds, "second")}.`,
  askOpened: (room: string) =>
    `Until now, only moderators saw your messages in '${room}'. Send this one to everyone there?`,
  slowRefused: "Slow mode: too soon after your last message.",
  askEveryone: (n: number | undefined, isHere: boolean) =>
    `Notify ${peopleText(n)} in this room` + `${isHere ? " who is online" : ""}?`,
};

function peopleText(n: number | undefined): string {
  if (n === undefined) return "everyone";
  return n === 1 ? "1 person" : `${n} people`;
}

export type RuleTexts = Readonly<typeof ENGLISH_RULES>;
