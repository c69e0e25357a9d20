/** Table and list of what the members of an assignment room have handed in. */

import { createPortal } from "preact/compat";
import { type CSSProperties, type ReactNode, useEffect, useState } from "react";
import { boxNames } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import type { HandedIn } from "../../../client/actions.ts";
import { remindAll } from "../../../client/remind.ts";
import { checkText } from "../../../core/client/post-text.ts";
import { isSameName } from "../../../core/model/item.ts";
import { tintOf } from "../../../core/model/tint.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { dueTime, handedState, missingUsers, sortedWork } from "../../../ui/text/rules-text.ts";
import { fileIcon } from "../../browser/media.ts";
import { handedListsOf, newestWork } from "../../driver/handed-lists.ts";
import { downloadArchive } from "../files/download.ts";
import { FileName } from "../files/file-name.tsx";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import {
  type CloseProps,
  FaultLine,
  type RunningTask,
  useModelValue,
  usePage,
  useTask,
  useWide,
} from "../shell/context.tsx";
import { Dialog, FormDialog } from "../shell/dialog.tsx";
import { Icon, IconButton, type IconName } from "../shell/icons.tsx";
import deskSheet from "./desk.css" with { type: "file" };
import { Desk, DeskCount, useDesk } from "./desk.tsx";
import { useDeskTexts } from "./desk-texts.ts";
import handedSheet from "./handed.css" with { type: "file" };
import { Avatar, useNames, useTitle } from "./person.tsx";
import { RulesDialog } from "./rules.tsx";

export const handedParts = { DeskPanel, HandedDialog, HandedPanel, deskSheet, handedSheet };

interface Work {
  /** `undefined` until the server has answered. */
  readonly works: readonly HandedIn[] | undefined;
  readonly task: RunningTask;
}

function useWork(room: string): Work {
  const { chat } = usePage();
  const task = useTask();
  const names = useNames();
  const [works, setWorks] = useState<readonly HandedIn[]>();
  const newest = useModelValue((model) => newestWork(model, room));
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested again after each new record
  useEffect(() => {
    task.run(async () => setWorks(await handedListsOf(chat).current(room)));
  }, [newest, room]);
  return { works: works && sortedWork(works, names), task };
}

interface HandedProps extends CloseProps {
  readonly room: string;
  readonly onOpen: (target: string) => void;
}

/** The list, where there is no room for the table beside the work. */
function HandedDialog({ room, onOpen, onClose }: HandedProps) {
  const { texts } = usePage();
  const work = useWork(room);
  const names = useNames();
  const title = useTitle(room);
  const open = (user: string) => {
    onClose();
    onOpen(`${room}@${user}`);
  };
  return (
    <Dialog title={texts.handedIn(title)} onClose={onClose}>
      <div className="handed-count">
        <Count works={work.works} />
      </div>
      <ul className="plain-list">
        {(work.works ?? []).map((one) => (
          <li key={one.user} className="room-entry">
            <div className="room-entry-text">
              <span className="list-main" dir="auto">
                {personText(names, one.user)}
              </span>
              <HandedNote {...one} />
            </div>
            <Button
              aria-label={texts.openRoom(personText(names, one.user))}
              onClick={() => open(one.user)}
            >
              {texts.open}
            </Button>
          </li>
        ))}
      </ul>
      <FaultLine fault={work.task.fault} />
      <div className="dialog-actions">
        <Actions room={room} {...work} />
      </div>
    </Dialog>
  );
}

interface PanelProps extends CloseProps {
  readonly room: string;
  /** The room, or the box whose work lies on the desk. */
  readonly target: string;
}

type Tab = "work" | "talk";

/** The desk with the work of one person. Where it is narrow, a tab leads to the talk. */
function DeskPanel({ room, target, onClose }: PanelProps) {
  const { works = [] } = useWork(room);
  const texts = useDeskTexts();
  const desk = useDesk(room, works);
  const isWide = useWide();
  const [tab, setTab] = useState<Tab>("work");
  const tabs = [
    ["work", texts.work],
    ["talk", texts.talk],
  ] as const;
  return (
    <section className="desk" aria-label={texts.desk} data-tab={isWide ? "both" : tab}>
      <OnBoard>
        <section className="handed-bar" aria-label={texts.progress}>
          {isWide ? <IconButton icon="back" label={texts.toTable} onPress={onClose} /> : null}
          <span className="handed-gap" />
          <DeskCount desk={desk} />
          {isWide ? <Due room={room} due={works[0]?.due} /> : null}
        </section>
      </OnBoard>
      {isWide ? null : (
        <div className="desk-tabs">
          {tabs.map(([key, word]) => (
            <button key={key} type="button" aria-pressed={tab === key} onClick={() => setTab(key)}>
              {word}
            </button>
          ))}
        </div>
      )}
      <Desk room={room} target={target} desk={desk} isWide={isWide} />
    </section>
  );
}

/** Shows its content on the board over the room. */
function OnBoard({ children }: { readonly children: ReactNode }) {
  const [board] = useState(() => document.querySelector(".main > .board"));
  return board === null ? children : (createPortal(children, board) as object as ReactNode);
}

/** The table, whose rows open the desk. */
function HandedPanel({ room, target, onClose }: PanelProps) {
  const { texts } = usePage();
  const title = useTitle(room);
  const work = useWork(room);
  const { works = [] } = work;
  return (
    <section className="handed" aria-label={texts.handedIn(title)}>
      <OnBoard>
        <section className="handed-bar" aria-label={texts.handedInMenu}>
          <Count works={work.works}>
            <Due room={room} due={works[0]?.due} />
            <span className="handed-gap" />
            <Actions room={room} {...work} />
          </Count>
        </section>
      </OnBoard>
      <div className="handed-head">
        <h2>{texts.handedInMenu}</h2>
        {work.works === undefined ? null : <p className="hint">{summary(work.works, texts)}</p>}
        <IconButton icon="close" label={texts.close} onPress={onClose} />
      </div>
      <FaultLine fault={work.task.fault} />
      {work.works === undefined ? null : <HandedTable room={room} target={target} works={works} />}
    </section>
  );
}

/** When the work is due, which leads to the rules of the room. */
function Due({ room, due }: { readonly room: string; readonly due: number | undefined }) {
  const { texts, times, openDialog } = usePage();
  if (due === undefined) return null;
  const isToday = times.day(due) === texts.today;
  const text = isToday
    ? texts.dueToday(times.clock(due), due < Date.now())
    : texts.dueWhen(times.ahead(due));
  return (
    <button
      type="button"
      className="lesson-item"
      onClick={() => openDialog(RulesDialog, { target: room })}
    >
      <Icon name="calendar" />
      {text}
      <Icon name="edit" />
    </button>
  );
}

/** Numbers of works in each state, such as "5 in time, 2 late, 4 missing". */
function summary(works: readonly HandedIn[], texts: Texts): string {
  const states = works.map((work) => handedState(work)).filter((state) => state !== undefined);
  const inTime = states.filter((state) => state === "in-time" || state === "added-later").length;
  const counts = [
    [inTime, texts.handedBy("in-time")],
    [states.filter((state) => state === "late").length, texts.handedBy("late")],
    [states.filter((state) => state === "missing").length, texts.handedBy("missing")],
  ] as const;
  const listed = counts.filter(([count]) => count > 0);
  return listed.map(([count, state]) => `${count} ${state}`).join(", ");
}

function iconOf(name: string): IconName {
  return fileIcon(name) ?? "file";
}

/** Names of the last files; a number stands for the others. */
function FileNames({ work }: { readonly work: HandedIn }) {
  const { texts } = usePage();
  const { names = [], messages, files, at } = work;
  if (at === undefined) return "–";
  if (names.length === 0) return texts.handedFacts(messages, files);
  return (
    <span className="handed-files">
      {names.map((name, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two files may have the same name
        <span key={i} className="handed-file" title={cleanText(name)}>
          <Icon name={iconOf(name)} />
          <span dir="auto">
            <FileName name={cleanText(name)} />
          </span>
        </span>
      ))}
      {files > names.length ? <span>+{files - names.length}</span> : null}
    </span>
  );
}

interface TableProps extends Omit<PanelProps, "onClose"> {
  readonly works: readonly HandedIn[];
}

function HandedTable({ room, target, works }: TableProps) {
  const { texts, chat } = usePage();
  const names = useNames();
  const owner = boxNames(target)?.user;
  if (works.length === 0) return <p className="hint handed-none">{texts.nobodyToHandIn}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions need keyboard access
    <section className="handed-scroll" aria-label={texts.workHeading} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{texts.name}</th>
            <th scope="col">{texts.accountState}</th>
            <th scope="col">{texts.dashboardFiles}</th>
            <th scope="col">{texts.chartTime}</th>
          </tr>
        </thead>
        <tbody>
          {works.map((one) => {
            const { user, at } = one;
            const name = personText(names, user);
            return (
              <tr key={user}>
                <th scope="row">
                  <button
                    type="button"
                    className="handed-person"
                    aria-current={isSameName(owner, user) ? "true" : undefined}
                    onClick={() => chat.actions.open(`${room}@${user}`)}
                  >
                    <Avatar name={name} user={user} tint={tintOf(user)} />
                    <span dir="auto">{name}</span>
                  </button>
                </th>
                <td>
                  <State work={one} />
                </td>
                <td>
                  <FileNames work={one} />
                </td>
                <td>{at === undefined ? "" : <Time unixMs={at} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Time({ unixMs }: { readonly unixMs: number }) {
  const { times } = usePage();
  const [clock, brief] = [times.clock(unixMs), times.brief(unixMs)];
  return <span title={times.full(unixMs)}>{brief === clock ? clock : `${brief} ${clock}`}</span>;
}

const STATE_ICONS = { "in-time": "check", "added-later": "check", late: "clock", missing: "alert" };

function State({ work }: { readonly work: HandedIn }) {
  const { texts } = usePage();
  const state = handedState(work) ?? (work.at === undefined ? undefined : "in-time");
  const label =
    state === undefined
      ? texts.nothingHanded
      : work.due === undefined
        ? texts.handedInMenu
        : texts.handedBy(state);
  return (
    <>
      <span className={state === undefined ? "" : `work-state is-${state}`}>
        {state === undefined ? null : <Icon name={STATE_ICONS[state] as IconName} />}
        {label}
      </span>
      {work.left === true ? <span className="list-note"> {texts.hasLeft}</span> : null}
      {work.invited === true ? <span className="list-note"> {texts.isInvited}</span> : null}
    </>
  );
}

interface CountProps extends Pick<Work, "works"> {
  readonly children?: ReactNode;
}

/** How many have handed in, as a sentence and a bar. */
function Count({ works, children }: CountProps) {
  const { texts } = usePage();
  if (works === undefined) return children;
  const handed = works.filter(({ messages }) => messages > 0);
  const late = handed.filter((work) => handedState(work) === "late").length;
  const part = (count: number): CSSProperties => ({
    inlineSize: `${(100 * count) / Math.max(1, works.length)}%`,
  });
  return (
    <>
      <span className="meter" aria-hidden="true">
        <span style={part(handed.length - late)} />
        <span className="is-late" style={part(late)} />
      </span>
      <Announced kind="result" as="span">
        {texts.handedCount(handed.length, works.length)}
      </Announced>
      {children}
    </>
  );
}

function Actions({ room, works, task }: Work & { readonly room: string }) {
  const { chat, texts, openDialog } = usePage();
  if (works === undefined) return null;
  const missing = missingUsers(works);
  const hasWork = works.some(({ messages }) => messages > 0);
  const download = () =>
    task.run(async () => {
      const { path } = await chat.request("collect", { room });
      downloadArchive(path, `${room}.zip`);
    });
  return (
    <>
      {missing.length === 0 ? null : (
        <Button onClick={() => openDialog(RemindDialog, { room, missing, due: works[0]?.due })}>
          {texts.remind(missing.length)}
        </Button>
      )}
      <Button disabled={!hasWork || task.isBusy} onClick={download}>
        {texts.downloadAll}
      </Button>
    </>
  );
}

interface RemindProps extends CloseProps {
  readonly room: string;
  readonly missing: readonly string[];
  readonly due: number | undefined;
}

/** Asks what to write into the boxes of those who have handed in nothing. */
function RemindDialog({ room, missing, due, onClose }: RemindProps) {
  const { chat, texts, notify } = usePage();
  const [text, setText] = useState(texts.remindText(due === undefined ? "" : dueTime(due)));
  const send = () => {
    checkText(text);
    chat.store.reportFailure(remindAll(chat, room, missing, text.trim()));
    notify(texts.reminded(missing.length));
  };
  return (
    <FormDialog
      title={texts.remind(missing.length)}
      action={texts.send}
      onSubmit={send}
      onClose={onClose}
    >
      <p className="hint">{texts.remindExplained}</p>
      <label className="field">
        {texts.message}
        <textarea
          rows={3}
          value={text}
          required
          onChange={(event) => setText(event.target.value)}
        />
      </label>
    </FormDialog>
  );
}

function HandedNote(one: HandedIn) {
  const { messages, files, at, left, invited } = one;
  const state = handedState(one);
  const { texts, times } = usePage();
  const nothing = state === undefined ? [texts.nothingHanded] : [];
  const facts = [
    ...(at === undefined ? nothing : [texts.handedFacts(messages, files), times.full(at)]),
    ...(left ? [texts.hasLeft] : []),
    ...(invited ? [texts.isInvited] : []),
  ];
  return (
    <span className="list-note">
      {state === undefined ? null : (
        <>
          <span className={`work-state is-${state}`}>{texts.handedBy(state)}</span>{" "}
        </>
      )}
      {facts.join(" · ")}
    </span>
  );
}
