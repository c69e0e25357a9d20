/** Assignment rooms on the page: who reads the work, and the way from one person to the next. */

import { useEffect, useState } from "react";
import { boxNames } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import type { HandedIn } from "../../../client/actions.ts";
import { hasHandedIn, lateWork } from "../../../core/model/due.ts";
import { isSameName } from "../../../core/model/item.ts";
import { isBoxOf, listsFiles, postTarget, roomOf } from "../../../core/model/selectors.ts";
import type { Model, RoomState } from "../../../core/model/state.ts";
import { lateText } from "../../../ui/desk/desk-view.ts";
import { privacyText, sortedWork } from "../../../ui/text/rules-text.ts";
import { handedListsOf, newestWork } from "../../driver/handed-lists.ts";
import { Button } from "../shell/button.tsx";
import { type PageValue, useModelValue, usePage } from "../shell/context.tsx";
import { whenSettled } from "../shell/effects.ts";
import { Icon, IconButton } from "../shell/icons.tsx";
import { LazyModule } from "../shell/lazy.ts";
import { addStyleSheet } from "../shell/style-sheet.ts";

/** Only moderators need it. */
export const handedModule = new LazyModule(async () => {
  const { handedParts } = await import("./handed.tsx");
  const { deskSheet, handedSheet, ...panels } = handedParts;
  await Promise.all([addStyleSheet(handedSheet), addStyleSheet(deskSheet)]);
  return panels;
});

/** On the board: what the user has handed in, and when the work is due. */
export function WorkStrip({ room }: { readonly room: RoomState }) {
  const { texts, times, chat } = usePage();
  const due = useModelValue((model) => roomOf(model, boxNames(room.target)?.room ?? "")?.rules.due);
  if (!isBoxOf(room.target, chat.model.me)) return null;
  const isDone = hasHandedIn(chat.model, room.target);
  const last = room.tail.items.findLast((item) => item.isMine && listsFiles(item));
  const lateMs = due === undefined ? undefined : lateWork(room, due);
  if (due === undefined && isDone !== true) return null;
  return (
    <div className="lesson work-strip">
      {isDone === true ? (
        <span className="work-state">
          <Icon name={lateMs === undefined ? "check" : "clock"} />
          {texts.handedInMenu}
          {lateMs === undefined ? "" : `, ${lateText(lateMs, texts)}`}
        </span>
      ) : null}
      {last === undefined || last.state !== "whole" ? null : (
        <span className="work-file" dir="auto">
          {[...last.files.map(({ name }) => cleanText(name)), times.full(last.timeUnixMs)].join(
            ", ",
          )}
        </span>
      )}
      {due === undefined ? null : (
        <span className="work-due">
          <Icon name="calendar" />
          {times.day(due) === texts.today
            ? texts.dueToday(times.clock(due), due < Date.now())
            : texts.dueWhen(times.ahead(due))}
        </span>
      )}
    </div>
  );
}

interface HandedItemProps {
  readonly room: RoomState;
  readonly onHanded: (room: string) => void;
}

/** On the board, for moderators: how many people have handed in. */
export function HandedItem({ room: { name }, onHanded }: HandedItemProps) {
  const { chat, texts } = usePage();
  const [works, setWorks] = useState<readonly HandedIn[]>();
  const newest = useModelValue((model) => newestWork(model, name));
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested again after each new record
  useEffect(() => whenSettled(handedListsOf(chat).current(name), setWorks), [newest, name]);
  const handed = works?.filter(({ messages }) => messages > 0) ?? [];
  return (
    <button type="button" className="lesson-item" onClick={() => onHanded(name)}>
      <Icon name="document" />
      <span>{texts.handedInMenu}</span>{" "}
      {works === undefined ? null : (
        <span className="lesson-count">{texts.shareOf(handed.length, works.length)}</span>
      )}
    </button>
  );
}

interface PrivacyProps {
  readonly model: Model;
  readonly target: string;
  readonly room: RoomState | undefined;
  readonly onOpen: (target: string) => void;
  readonly onHanded: (room: string) => void;
}

/** States before anything is written who will see it. */
export function Privacy({ model, target, room, onOpen, onHanded }: PrivacyProps) {
  const { texts } = usePage();
  const text = privacyText(model, target, texts);
  const to = postTarget(model, target);
  if (text !== undefined) {
    return (
      <p className="hint privacy">
        <span>{text}</span>
        {to === target ? null : (
          <Button variant="small" onClick={() => onOpen(to)}>
            {texts.ownWork}
          </Button>
        )}
      </p>
    );
  }
  if (room?.rules.post !== "private") return null;
  return (
    <p className="hint privacy">
      <span>{texts.assignmentRoom}</span>
      <Button variant="small" onClick={() => onHanded(room.name)}>
        {texts.handedInMenu}
      </Button>
    </p>
  );
}

/** Opens the box of the person before or after the one whose box is open. */
async function openNeighbour(page: PageValue, target: string, step: 1 | -1): Promise<void> {
  const { chat, texts, notify } = page;
  const { room = "", user = "" } = boxNames(target) ?? {};
  const works = sortedWork(await handedListsOf(chat).current(room), chat.model);
  const next = works[works.findIndex((work) => isSameName(work.user, user)) + step];
  if (next === undefined) return notify(texts.workEnd);
  chat.actions.open(`${room}@${next.user}`);
}

interface ArrowsProps {
  readonly target: string;
  readonly onHanded: (room: string) => void;
}

/** Leads a moderator to the desk, and from one person's work to the next. */
export function WorkArrows({ target, onHanded }: ArrowsProps) {
  const page = usePage();
  const { texts, fail } = page;
  const { room = "" } = boxNames(target) ?? {};
  const moderates = useModelValue((model) => roomOf(model, room)?.moderates === true);
  if (!moderates) return null;
  const move = (step: 1 | -1) => () => void openNeighbour(page, target, step).catch(fail);
  return (
    <>
      <IconButton
        icon="document"
        className="work-arrow"
        label={texts.openDesk}
        onPress={() => onHanded(room)}
      />
      <IconButton
        icon="back"
        className="work-arrow"
        label={texts.previousWork}
        onPress={move(-1)}
      />
      <IconButton
        icon="back"
        className="work-arrow is-turned"
        label={texts.nextWork}
        onPress={move(1)}
      />
    </>
  );
}
