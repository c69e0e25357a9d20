/** Activity: what concerns the user, in all rooms. */

import { useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { type ActivityEntry, activityOf } from "../../../core/model/activity.ts";
import { type DueWork, dueWork } from "../../../core/model/due.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { briefText } from "../../../ui/text/event-text.ts";
import { dueTime } from "../../../ui/text/rules-text.ts";
import { Button } from "../shell/button.tsx";
import { useModel, usePage } from "../shell/context.tsx";
import { Icon, type IconName } from "../shell/icons.tsx";
import { Avatar, useShownName, useTitle } from "./person.tsx";
import { PlainLine } from "./rich-text.tsx";
import { Knock } from "./rules.tsx";
import { SavedDialog, ThreadsDialog } from "./saved.tsx";
import { RoomTile } from "./tile.tsx";

type Filter = "all" | ActivityEntry["kind"];

const FILTERS: readonly Filter[] = ["all", "mention", "thread", "reaction"];

const ICONS: Readonly<Record<ActivityEntry["kind"], IconName>> = {
  mention: "at",
  thread: "thread",
  reaction: "smile",
};

interface RowProps {
  readonly entry: ActivityEntry;
  readonly onJump: (target: string, seq: number) => void;
}

interface DueProps {
  readonly work: DueWork;
  readonly onOpen: (target: string) => void;
}

type ActivityProps = Pick<RowProps, "onJump"> & Pick<DueProps, "onOpen">;

/** Requests to join, which moderators see. */
function Requests({ room }: { readonly room: RoomState }) {
  const title = useTitle(room.target);
  return (
    <section aria-label={title}>
      <h2 dir="auto">{title}</h2>
      {(room.knocks ?? []).map((name) => (
        <Knock key={name} room={room.name} name={name} />
      ))}
    </section>
  );
}

export function Activity({ onJump, onOpen }: ActivityProps) {
  const { texts, openDialog } = usePage();
  const model = useModel();
  const [filter, setFilter] = useState<Filter>("all");
  const entries = activityOf(model);
  const listed = entries.filter(({ kind }) => filter === "all" || kind === filter);
  const knocked = [...model.rooms.values()].filter(({ knocks = [] }) => knocks.length > 0);
  const due = filter === "all" ? dueWork(model, Date.now()) : [];
  const names = texts.activityFilters;
  const sections = [
    [texts.activityNew, listed.filter(({ isUnread }) => isUnread)],
    [texts.activityEarlier, listed.filter(({ isUnread }) => !isUnread)],
  ] as const;
  return (
    <>
      <div className="activity-bar">
        {/* biome-ignore lint/a11y/useSemanticElements: buttons are no form */}
        <div className="filters" role="group" aria-label={texts.activityFilter}>
          {FILTERS.map((kind) => (
            <button
              key={kind}
              type="button"
              className="filter"
              aria-pressed={kind === filter}
              onClick={() => setFilter(kind)}
            >
              {names[kind]}
            </button>
          ))}
        </div>
        <Button variant="small" onClick={() => openDialog(ThreadsDialog, { onJump })}>
          {texts.threads}
        </Button>
        {model.prefs === undefined ? null : (
          <Button variant="small" onClick={() => openDialog(SavedDialog, { onJump })}>
            {texts.saved}
          </Button>
        )}
      </div>
      {filter === "all" ? knocked.map((room) => <Requests key={room.id} room={room} />) : null}
      {due.length === 0 ? null : (
        <section aria-label={texts.activityDue}>
          <h2>{texts.activityDue}</h2>
          <ul>
            {due.map((work) => (
              <DueRow key={work.room.id} work={work} onOpen={onOpen} />
            ))}
          </ul>
        </section>
      )}
      {sections.map(([title, part]) =>
        part.length === 0 ? null : (
          <section key={title} aria-label={title}>
            <h2>{title}</h2>
            <ul>
              {part.map((entry) => (
                <Row
                  key={`${entry.kind} ${entry.item.seq} ${entry.sign}`}
                  entry={entry}
                  onJump={onJump}
                />
              ))}
            </ul>
          </section>
        ),
      )}
      {listed.length === 0 && knocked.length === 0 && due.length === 0 ? (
        <p className="empty-state">{texts.activityNone}</p>
      ) : null}
    </>
  );
}

function DueRow({ work: { room, dueUnixMs, isHandedIn }, onOpen }: DueProps) {
  const { texts } = usePage();
  const { id, kind, name, target, isSealed, isLocked, rules } = room;
  const line = { id, kind, name, isSealed, isLocked, post: rules.post };
  return (
    <li>
      <button type="button" className="activity-row" onClick={() => onOpen(target)}>
        <RoomTile line={line} />
        <span className="room-text">
          <span className="room-name" dir="auto">
            {useTitle(target)}
          </span>
          <span className="activity-what">
            {texts.dueBy(dueTime(dueUnixMs), isHandedIn === false)}
          </span>
          {isHandedIn === true ? (
            <span className="activity-what">
              <Icon name="check" /> {texts.activityHandedIn}
            </span>
          ) : null}
        </span>
      </button>
    </li>
  );
}

function Row({ entry, onJump }: RowProps) {
  const { texts, times, chat } = usePage();
  const { kind, item, target, root, by = "", isUnread, sign } = entry;
  const name = useShownName(by);
  const title = useTitle(target);
  const open = () => {
    onJump(target, root ?? item.seq);
    if (root !== undefined) chat.actions.openThread(root);
  };
  const isCalling = kind === "mention" && isUnread;
  const classes = ["activity-row", isUnread ? "is-unread" : "", isCalling ? "is-calling" : ""];
  return (
    <li>
      <button type="button" className={classes.join(" ")} onClick={open}>
        <span className="activity-face">
          <Avatar name={name} user={by} tint={tintOf(by)} />
          <span className="activity-kind" aria-hidden="true">
            {sign === undefined ? <Icon name={ICONS[kind]} /> : cleanText(sign)}
          </span>
        </span>
        <span className="room-text">
          <span className="room-words">
            <span className="room-name" dir="auto">
              {name}
            </span>
            <time className="room-note">{times.brief(item.timeUnixMs)}</time>
          </span>
          <span className="activity-what" dir="auto">
            {texts.activityWhat[kind](title)}
          </span>
          <span className="activity-text" dir="auto">
            <PlainLine text={briefText(item, texts, times)} />
          </span>
        </span>
      </button>
    </li>
  );
}
