/** Text of each line of a class list, as the import dialog shows it. */

import type { AccountEntry } from "../../../core/people/class-list.ts";
import type { ImportChange } from "../../../core/people/import-plan.ts";
import type { PlanRow } from "../../../core/people/plan-rows.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { problemText } from "../../../ui/text/problem-text.ts";

interface PlanTextOptions {
  readonly texts: Texts;
  readonly dayOf: (unixMs: number) => string;
}

/** Word before the text of a line. */
export function signOf({ action }: PlanRow, texts: Texts): string {
  return {
    new: texts.importNew,
    known: texts.importKnown,
    change: texts.importChanged,
    question: texts.importQuestion,
    problem: texts.importProblem,
    note: texts.importNote,
  }[action];
}

export function rowText(
  { entry, changes, left, reason }: PlanRow,
  { texts, dayOf }: PlanTextOptions,
): string {
  const parts = [
    ...(reason === undefined ? [] : [problemText(reason, texts.lang)]),
    ...(entry === undefined ? [] : [originText(entry, { texts, dayOf })]),
    ...changes.map((change) => changeText(change, texts)),
    ...left.map(({ user, room }) => texts.importLeft(user, room)),
  ];
  return parts.join(" · ");
}

function originText(
  { user, displayName, since, enrolled }: AccountEntry,
  { texts, dayOf }: PlanTextOptions,
): string {
  const name = displayName === undefined ? user : `${displayName} (${user})`;
  return texts.importOrigin(name, dayOf(since), enrolled === true);
}

function changeText(change: ImportChange, texts: Texts): string {
  switch (change.kind) {
    case "rename-room":
      return texts.importRoomRename(change.room, change.to);
    case "close-room":
      return texts.importRoomClose(change.room);
    case "remove-account":
      return texts.importRemove(change.user);
    case "remove-member":
      return texts.importRemoveMember(change.user, change.room);
    case "external-id":
      return texts.importId(change.user, change.value, change.from);
    case "create-room":
      return texts.importRoom(
        change.title === undefined ? change.room : `${change.title} (${change.room})`,
        change.reusesName === true,
      );
    case "create-account":
      return texts.importAccount(change.displayName ?? change.user, change.user, change.externalId);
    case "renew-code":
      return texts.importCard(change.displayName ?? change.user);
    case "display-name":
      return texts.importRename(change.user, change.text, change.from);
    case "add":
      return texts.importJoin(change.user, change.room);
    case "leave":
      return texts.importLeave(change.user, change.room);
    case "grant":
      return texts.importRole(change.user, change.on, change.room);
  }
}
