/** Fault messages for the page. */

import { Fault, type FaultCode, type FaultDetail } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import type { Texts } from "../messages/en/page.ts";
import type { StartTexts } from "../messages/en/start.ts";
import { formatTimestampIn } from "./times.ts";

type PlainText = {
  [Key in keyof StartTexts]-?: StartTexts[Key] extends string ? Key : never;
}[keyof StartTexts];

/** Fault that the page detects, with a more specific text than the text for its code. */
export class PageFault extends Fault {
  constructor(
    code: FaultCode,
    readonly text: PlainText,
    detail: FaultDetail = {},
  ) {
    super(code, text, detail);
  }
}

interface ValueIndexes {
  readonly end?: number;
  /** The value begins with a colon, or is empty if there is no reason. */
  readonly reason?: number;
}

const VALUE_INDEXES: Readonly<Record<string, ValueIndexes>> = {
  "you are banned from this server{}": { reason: 0 },
  "you are banned from this server until {}{}": { end: 0, reason: 1 },
  "you are muted in '{}' until {}": { end: 1 },
  "entries of a folder were skipped{}": { reason: 0 },
};

/** Texts of the page for faults whose code says too little. */
const TEXTS = {
  "'{}' is encrypted, and you are not a member": "notInvited",
  "'{}' is not encrypted, and an existing room cannot be encrypted": "sealOnlyNew",
  "an encrypted room cannot have a topic, because topics are not encrypted": "topicInSealed",
  "you have asked to join '{}'": "knockSent",
  "the moderators of '{}' declined your request": "knockRefused",
  "the assignment '{}' has ended": "assignmentEnded",
  "only moderators can post in '{}'": "onlyModeratorsPost",
  "only moderators can react in '{}'": "onlyModeratorsReact",
  "a reaction in '{}' must be one emoji": "oneEmoji",
  "'{}' is read-only": "roomClosed",
  "'{}' exists, and is not an assignment": "noAssignment",
  "at most {} hands can be raised": "handsFull",
  "a room can have at most {} open polls": "pollsOpen",
  "two options look alike, or one is empty": "pollAlike",
  "the poll has ended; your vote was not counted": "pollEnded",
  "poll {} ended at {}": "pollEnded",
  "on this server, direct messages are only possible from and to moderators": "directToModerators",
  "on this server, direct messages are only possible from and to operators": "directToOperators",
  "only moderators can send files on this server": "filesOfModerators",
  "only operators can send files on this server": "filesOfOperators",
  "only operators can create rooms on this server": "roomsOfOperators",
  "only moderators may mention everyone in '{}'": "onlyModeratorsCall",
  "you cannot change your account name": "nameLasts",
  "a display name has at most {} characters": "displayNameLong",
  "a display name consists of letters, digits, spaces and . , ' · -": "displayNameSigns",
  "a display name cannot mix letters of these alphabets": "displayNameMixed",
  "somebody has the name '{}' or one that looks like it": "nameAlike",
  "this invite {}": "inviteOver",
  "this browser cannot create an account key": "noAccountKey",
  "{} is not a time": "notATime",
  "unknown filter has:{}": "unknownFilter",
  "'{}' is not an assignment": "notAssignment",
  "you are not a moderator of '{}'": "notModerator",
  "no poll here": "noPoll",
  "no poll {} here": "notOpenPoll",
  "message {} is not an open poll": "notOpenPoll",
  "the newest poll here was deleted": "pollDeleted",
  "no message {}": "messageNotFound",
  "no message {} here": "messageNotFound",
  "no message {} in this conversation": "messageNotFound",
  "message {} was deleted": "messageNotFound",
  "the message that you were editing was deleted": "editedMessageDeleted",
  "these messages were already deleted": "messageNotFound",
  "the server has lost the message that an unsent message refers to": "messageLost",
  "no messages yet": "nothingWritten",
  "no room is open": "noRoomOpen",
  "you have no messages here": "noOwnMessage",
  "no messages from other users here": "noOthersMessage",
  "message {} is not saved": "notSaved",
  "message {} is not pinned": "notPinned",
  "only the author of message {} sees who has read it": "readersOfOthers",
  "message {} is not yours": "notYours",
  "message {} is already pinned": "alreadyPinned",
  "{} is not in '{}'": "notInRoom",
  "{} has no device in '{}'": "notInRoom",
  "{} is already in '{}'": "alreadyInRoom",
  "'{}' is your own account": "ownAccount",
  "you cannot ignore yourself": "ownAccount",
  "you cannot ban yourself": "ownAccount",
  "only the moderators and its owner can read '{}'": "boxOfOther",
  "read receipts are already {}": "receiptsSame",
  "only operators can do this": "operatorsOnly",
  "the hand is not raised": "handNotRaised",
  "only moderators can set the topic of '{}'": "topicOfModerators",
  "a poll cannot be edited": "noPollEdit",
  "choose options from 1 to {}": "noPollOption",
  "choose one option of poll {}": "onePollOption",
  "this device has not received {}'s identity key yet": "keyUnknown",
  "this conversation is already encrypted": "sealedAlready",
  "this device has not read a message {} in this room": "editElsewhere",
  "{} does not ask to join '{}'": "noKnock",
  "{} has no device that can be added": "noDeviceToAdd",
  "this room's encryption is not set up yet": "sealNotReady",
  "the server has lost the data that devices need to join the room": "sealDataLost",
  "this file was deleted": "uploadDeleted",
  "no such device": "deviceRemoved",
  "no invite '{}'": "inviteRevoked",
  "no IRC password {}": "ircPasswordRevoked",
} as const satisfies Readonly<Record<string, keyof Texts>>;

const SLOW = "slow mode in '{}': you can post again in {} s";

/** Text of a fault beside a message that stays refused, when the wait of slow mode has passed. */
export function refusalText(
  fault: Fault,
  texts: StartTexts & Partial<Texts>,
  textOf: (fault: Fault) => string = (fault) => faultText(fault, texts),
): string {
  return fault.translatable.message?.template === SLOW ? texts.slowRefused : textOf(fault);
}

/**
 * @param error a string is returned unchanged
 * @param texts before the page's rooms have loaded, only those of the start
 */
export function faultText(error: unknown, texts: StartTexts & Partial<Texts>): string {
  if (typeof error === "string") return error;
  if (error instanceof PageFault) return texts[error.text];
  const { code, message, translatable } =
    error instanceof Fault ? error : new Fault("internal", "");
  const text = texts.faults[code];
  const { template = message, values = [] } = translatable.message ?? {};
  const special = Object.hasOwn(TEXTS, template)
    ? texts[TEXTS[template as keyof typeof TEXTS]]
    : undefined;
  if (special !== undefined) return special;
  if (template === SLOW) return texts.slowWait(Number(values[1]));
  const indexes = Object.hasOwn(VALUE_INDEXES, template) ? VALUE_INDEXES[template] : undefined;
  const end = formatTimestampIn(values[indexes?.end ?? -1] ?? "", texts);
  const reason = cleanText(values[indexes?.reason ?? -1] ?? "");
  const sentence = end === undefined ? text : `${text}, ${texts.until(end)}`;
  return sentence + (reason === "" ? "." : reason);
}
