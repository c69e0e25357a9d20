/** The desk: the work of an assignment at reading size, person after person. */

import { useCallback, useEffect, useRef, useState } from "react";
import { boxNames } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import { SECOND_MS } from "../../../base/time.ts";
import type { HandedIn } from "../../../client/actions.ts";
import { isWork } from "../../../core/model/due.ts";
import { isMessage, isSameName } from "../../../core/model/item.ts";
import { listsFiles, roomOf } from "../../../core/model/selectors.ts";
import type { FileView, Item, Model } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import type { WorkState } from "../../../core/rooms/stamps.ts";
import {
  type DeskEntry,
  type DeskView,
  deskView,
  lateText,
  nextWaiting,
  shownEntries,
} from "../../../ui/desk/desk-view.ts";
import { STAMPS, type Stamp } from "../../../wire/messages.ts";
import { mediaType } from "../../browser/media.ts";
import { FileRow } from "../files/files.tsx";
import { fileView } from "../files/viewer.tsx";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, useModelValue, usePage } from "../shell/context.tsx";
import { FormDialog } from "../shell/dialog.tsx";
import { listen } from "../shell/effects.ts";
import { Field, SelectField } from "../shell/form.tsx";
import { useGestures } from "../shell/gestures.ts";
import { Icon, IconButton, type IconName } from "../shell/icons.tsx";
import { useDeskTexts } from "./desk-texts.ts";
import { DrawPicture } from "./draw.tsx";
import { EDGE_PX } from "./drawer-gestures.ts";
import { Avatar, useNames } from "./person.tsx";
import { RichText } from "./rich-text.tsx";
import { STAMP_ICONS } from "./stamp.tsx";

/** A longer one is a comment. */
const OWN_STAMP_LETTERS_MAX = 40;
/** Work that was visible for less time was passed, not read. */
const READ_MS = SECOND_MS;

/** Boxes that hold something unread, one per line: the text stays the same while they do. */
function unreadBoxes(model: Model, room: string): string {
  const isUnread = ({ target, unread }: { readonly target: string; readonly unread: number }) =>
    unread > 0 && isSameName(boxNames(target)?.room, room);
  return [...model.rooms.values()]
    .filter(isUnread)
    .map(({ target }) => boxNames(target)?.user.toLowerCase())
    .join("\n");
}

export function useDesk(room: string, works: readonly HandedIn[]): DeskView {
  const names = useNames();
  const unread = useModelValue((model) => unreadBoxes(model, room)).split("\n");
  return deskView(works, names, (user) => !unread.includes(user.toLowerCase()));
}

interface DeskProps {
  readonly room: string;
  readonly target: string;
  readonly desk: DeskView;
  /** Whether the work lies beside the talk; otherwise a tab shows one of them. */
  readonly isWide: boolean;
}

export function Desk({ room, target, desk, isWide }: DeskProps) {
  const page = usePage();
  const { chat, notify } = page;
  const texts = useDeskTexts();
  const [isOnlyNotDone, setOnlyNotDone] = useState(false);
  const owner = boxNames(target)?.user ?? "";
  const entry = desk.entries.find(({ user }) => isSameName(user, owner));
  const shown = shownEntries(desk, isOnlyNotDone, entry?.user);
  const open = useCallback(
    (to: DeskEntry | undefined) => {
      if (to !== undefined) chat.actions.open(`${room}@${to.user}`);
    },
    [chat, room],
  );
  const step = (by: 1 | -1) => {
    const at = shown.findIndex(({ user }) => user === entry?.user);
    const next = shown[at + by];
    if (next === undefined) notify(page.texts.workEnd);
    else open(next);
  };
  const stamp = (chosen: Stamp, word = texts.stamp(chosen)) => {
    if (entry === undefined || entry.state === "missing") return;
    void chat.actions.submit(target, { text: word, stamp: chosen });
  };
  const stampOwn = () => page.openDialog(OwnStampDialog, { onStamp: stamp });
  const finish = () => {
    if (entry !== undefined && entry.state !== "missing" && entry.stamp === undefined)
      stamp("seen");
    const next = nextWaiting(desk, entry?.user ?? "");
    if (next === undefined) notify(texts.allAnswered);
    else open(next);
  };
  useDeskKeys({ step, stamp, finish });
  useWayBack();
  return (
    <>
      {isWide ? (
        <DeskNames
          desk={desk}
          shown={shown}
          openUser={entry?.user}
          isOnlyNotDone={isOnlyNotDone}
          onFilter={setOnlyNotDone}
          onOpen={open}
        />
      ) : null}
      <section className="desk-work" aria-label={texts.work}>
        {entry === undefined ? null : (
          <>
            <WorkHead entry={entry} onStep={step} />
            <WorkBody key={target} target={target} onStep={step} />
            <WorkBar entry={entry} onStamp={stamp} onOwn={stampOwn} onFinish={finish} />
          </>
        )}
      </section>
    </>
  );
}

interface NamesProps {
  readonly desk: DeskView;
  readonly shown: readonly DeskEntry[];
  readonly openUser: string | undefined;
  readonly isOnlyNotDone: boolean;
  readonly onFilter: (isOnlyNotDone: boolean) => void;
  readonly onOpen: (entry: DeskEntry) => void;
}

function DeskNames({ desk, shown, openUser, isOnlyNotDone, onFilter, onOpen }: NamesProps) {
  const texts = useDeskTexts();
  const list = useRef<HTMLUListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: follows the open person
  useEffect(() => {
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [openUser]);
  const filters = [
    [false, texts.all, desk.entries.length],
    [true, texts.notDone, desk.handed - desk.done],
  ] as const;
  return (
    <nav className="desk-names" aria-label={texts.people}>
      <div className="segmented">
        {filters.map(([isFilter, word, count]) => (
          <button
            key={word}
            type="button"
            aria-pressed={isOnlyNotDone === isFilter}
            onClick={() => onFilter(isFilter)}
          >
            {word} {count}
          </button>
        ))}
      </div>
      <ul ref={list}>
        {shown.map((entry) => (
          <li key={entry.user}>
            <NameRow entry={entry} isOpen={entry.user === openUser} onOpen={onOpen} />
          </li>
        ))}
      </ul>
      <p className="desk-keys" aria-hidden="true">
        <span>
          <span className="key">N</span> <span className="key">P</span> {texts.keys}
        </span>
        <span>
          <span className="key">1</span>–<span className="key">4</span> {texts.keyStamp}
        </span>
        <span>
          <span className="key">C</span> {texts.keyComment}
        </span>
        <span>
          <span className="key">D</span> {texts.keyDone}
        </span>
      </p>
    </nav>
  );
}

interface RowProps {
  readonly entry: DeskEntry;
  readonly isOpen: boolean;
  readonly onOpen: (entry: DeskEntry) => void;
}

function NameRow({ entry, isOpen, onOpen }: RowProps) {
  const { user, name, state, stamp, lateMs } = entry;
  const texts = useDeskTexts();
  const { texts: pageTexts } = usePage();
  const note = stamp === undefined ? lateMs && lateText(lateMs, pageTexts) : texts.stamp(stamp);
  return (
    <button
      type="button"
      className={`desk-row is-${state}`}
      aria-current={isOpen ? "true" : undefined}
      onClick={() => onOpen(entry)}
    >
      <Avatar name={name} user={user} tint={tintOf(user)} />
      <span className="desk-row-text">
        <span dir="auto">{name}</span>
        {note === undefined || note === 0 ? null : (
          <small className={stamp === undefined ? "is-late" : ""}>{note}</small>
        )}
      </span>
      <StateMark state={state} />
    </button>
  );
}

const STATE_ICONS: Readonly<Partial<Record<WorkState, IconName>>> = {
  read: "eye",
  answered: "reply",
  done: "check",
  missing: "alert",
};

function StateMark({ state }: { readonly state: WorkState }) {
  const texts = useDeskTexts();
  const icon = STATE_ICONS[state];
  return (
    <span className={`work-mark is-${state}`}>
      {icon === undefined ? null : <Icon name={icon} />}
      {texts.state(state)}
    </span>
  );
}

interface HeadProps {
  readonly entry: DeskEntry;
  readonly onStep: (by: 1 | -1) => void;
}

function WorkHead({ entry: { user, name, unixMs, lateMs }, onStep }: HeadProps) {
  const { texts: pageTexts, times } = usePage();
  const texts = useDeskTexts();
  return (
    <header className="desk-head">
      <Avatar name={name} user={user} tint={tintOf(user)} />
      <div className="desk-row-text">
        <h2 dir="auto">{name}</h2>
        {unixMs === undefined ? null : (
          <small>
            {texts.handedInAt(times.full(unixMs))}
            {lateMs === undefined ? null : (
              <>
                , <span className="is-late">{lateText(lateMs, pageTexts)}</span>
              </>
            )}
          </small>
        )}
      </div>
      <IconButton icon="back" label={texts.previous} onPress={() => onStep(-1)} />
      <IconButton icon="back" className="is-turned" label={texts.next} onPress={() => onStep(1)} />
    </header>
  );
}

const NO_ITEMS: readonly Item[] = [];

function isWorkOf(item: Item, owner: string | undefined): boolean {
  return isMessage(item) && isSameName(item.from, owner) && isWork(item);
}

/** All that the owner of the open box has handed in, the newest last. Marks it as read. */
function WorkBody({ target, onStep }: Pick<HeadProps, "onStep"> & { readonly target: string }) {
  const { chat } = usePage();
  const texts = useDeskTexts();
  const room = useModelValue((model) => roomOf(model, target));
  const owner = boxNames(target)?.user;
  const items = (room?.tail.items ?? NO_ITEMS).filter((item) => isWorkOf(item, owner));
  const newest = items.at(-1)?.seq;
  const scroll = useRef<HTMLDivElement>(null);
  useGestures(scroll, {
    swipe: ({ isForward, edgePx, target: touched }) => {
      if (edgePx <= EDGE_PX || touched.closest(".desk-draw") !== null) return undefined;
      const end = (isComplete: boolean) => {
        if (isComplete) onStep(isForward ? -1 : 1);
      };
      return { move: () => {}, end };
    },
  });
  // After the composer, which takes the focus of each room that opens.
  useEffect(() => {
    const frame = requestAnimationFrame(() => scroll.current?.focus({ preventScroll: true }));
    return () => cancelAnimationFrame(frame);
  }, []);
  useEffect(() => {
    if (newest === undefined) return;
    const wait = setTimeout(() => {
      if (!document.hidden) chat.actions.markRead(target);
    }, READ_MS);
    return () => clearTimeout(wait);
  }, [chat, target, newest]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll the work
    <div ref={scroll} className="desk-scroll" tabIndex={0}>
      <div className="desk-page">
        {room?.tail.hasOlder === true ? (
          <Button variant="small" onClick={() => chat.actions.loadMore("older")}>
            {texts.olderWork}
          </Button>
        ) : null}
        {items.length === 0 ? <p className="hint">{texts.nothing}</p> : null}
        {items.map((item) => (
          <WorkItem key={item.seq} item={item} target={target} hasTime={items.length > 1} />
        ))}
      </div>
    </div>
  );
}

interface ItemProps {
  readonly item: Item;
  readonly target: string;
  readonly hasTime: boolean;
}

function WorkItem({ item, target, hasTime }: ItemProps) {
  const { times } = usePage();
  return (
    <article className="desk-item">
      {hasTime ? <h3>{times.full(item.timeUnixMs)}</h3> : null}
      {item.text === "" ? null : (
        <div className="desk-text">
          <RichText text={item.text} mentions={item.mentions} />
        </div>
      )}
      {listsFiles(item)
        ? item.files.map((file) => (
            <WorkFile key={file.file} item={item} file={file} target={target} />
          ))
        : null}
    </article>
  );
}

interface FileProps {
  readonly item: Item;
  readonly file: FileView;
  readonly target: string;
}

function WorkFile({ item, file, target }: FileProps) {
  const { chat } = usePage();
  const texts = useDeskTexts();
  const [isDrawn, setDrawn] = useState(false);
  const isPhoto = mediaType(file.name)?.kind === "image" && file.folder === undefined;
  const sendBack = (picture: File) => {
    const attachment = { file: picture, handle: undefined };
    if (chat.sendFiles(target, [attachment], { re: item.seq })) setDrawn(false);
  };
  return (
    <div className="desk-file" title={cleanText(file.name)}>
      <FileRow item={item} file={file} target={target} isOwn />
      {isDrawn ? (
        <DrawPicture file={file} onSend={sendBack} onClose={() => setDrawn(false)} />
      ) : (
        (fileView(file) ?? <p className="hint">{texts.noView}</p>)
      )}
      {isPhoto && !isDrawn ? (
        <Button className="button desk-draw-button" onClick={() => setDrawn(true)}>
          {texts.draw}
          <KeySign>W</KeySign>
        </Button>
      ) : null}
    </div>
  );
}

/** A key beside the word of its button, if keys without Ctrl are on. */
function KeySign({ children }: { readonly children: string }) {
  const { settings } = usePage();
  return settings.singleKeys ? (
    <span className="key" aria-hidden="true">
      {children}
    </span>
  ) : null;
}

interface BarProps {
  readonly entry: DeskEntry;
  readonly onStamp: (stamp: Stamp) => void;
  readonly onOwn: () => void;
  readonly onFinish: () => void;
}

function WorkBar({ entry, onStamp, onOwn, onFinish }: BarProps) {
  const texts = useDeskTexts();
  const isMissing = entry.state === "missing";
  return (
    <footer className="desk-bar">
      {/* biome-ignore lint/a11y/useSemanticElements: no fieldset, which has a frame */}
      <div className="desk-stamps" role="group" aria-label={texts.stamps}>
        {STAMPS.map((stamp, i) => (
          <button
            key={stamp}
            type="button"
            className="stamp-button"
            aria-pressed={entry.stamp === stamp}
            disabled={isMissing}
            onClick={() => onStamp(stamp)}
          >
            <Icon name={STAMP_ICONS[stamp]} />
            <span>{texts.stamp(stamp)}</span>
            <KeySign>{`${i + 1}`}</KeySign>
          </button>
        ))}
        <button
          type="button"
          className="stamp-button"
          aria-label={texts.ownStamp}
          title={texts.ownStamp}
          disabled={isMissing}
          onClick={onOwn}
        >
          <Icon name="plus" />
        </button>
      </div>
      <Button variant="main" onClick={onFinish}>
        {texts.doneNext}
        <KeySign>D</KeySign>
      </Button>
    </footer>
  );
}

interface OwnStampProps extends CloseProps {
  readonly onStamp: (stamp: Stamp, word: string) => void;
}

/** A stamp in the moderator's own words. Its sign tells whether the work is done. */
function OwnStampDialog({ onStamp, onClose }: OwnStampProps) {
  const texts = useDeskTexts();
  const [word, setWord] = useState("");
  const [sign, setSign] = useState<Stamp>("well-done");
  const submit = async () => {
    if (word.trim() !== "") onStamp(sign, word.trim());
  };
  return (
    <FormDialog title={texts.ownStamp} action={texts.stampIt} onSubmit={submit} onClose={onClose}>
      <Field
        id="stamp-word"
        label={texts.ownStamp}
        hint={texts.ownStampHint}
        value={word}
        onChange={(value) => {
          if ([...value].length <= OWN_STAMP_LETTERS_MAX) setWord(value);
        }}
        isFirst
        isRequired
      />
      <SelectField
        id="stamp-sign"
        label={texts.sign}
        value={sign}
        options={STAMPS.map((stamp) => [stamp, texts.stamp(stamp)] as const)}
        onChange={setSign}
      />
    </FormDialog>
  );
}

interface DeskKeys {
  readonly step: (by: 1 | -1) => void;
  readonly stamp: (stamp: Stamp) => void;
  readonly finish: () => void;
}

function actOn(key: string, { step, stamp, finish }: DeskKeys): boolean {
  const chosen = STAMPS[Number(key) - 1];
  if (key === "n") step(1);
  else if (key === "p") step(-1);
  else if (key === "d") finish();
  else if (key === "w") document.querySelector<HTMLElement>(".desk-draw-button")?.click();
  else if (key === "c") document.querySelector<HTMLElement>(".composer textarea")?.focus();
  else if (chosen !== undefined) stamp(chosen);
  else return false;
  return true;
}

const KEYED = "input, textarea, select, audio, video, dialog *, [role=menu] *, iframe";

/** Escape leads from the comment back to the work. */
function useWayBack(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (!(target instanceof Element && target.matches(".composer textarea"))) return;
      document.querySelector<HTMLElement>(".desk-scroll")?.focus();
    };
    return listen(window, "keydown", press);
  }, []);
}

/** Single keys outside of fields. They act once for each press. */
function useDeskKeys(keys: DeskKeys): void {
  const { settings } = usePage();
  const { singleKeys } = settings;
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    if (!singleKeys) return;
    const press = (event: KeyboardEvent) => {
      const { target, ctrlKey, metaKey, altKey, repeat } = event;
      if (ctrlKey || metaKey || altKey || repeat || event.defaultPrevented) return;
      if (document.querySelector("dialog[open]") !== null) return;
      if (target instanceof Element && target.matches(KEYED)) return;
      if (actOn(event.key.toLowerCase(), latest.current)) event.preventDefault();
    };
    // Before the shortcuts of the page, for which a letter begins a message.
    return listen(window, "keydown", press, { capture: true });
  }, [singleKeys]);
}

/** How much of the work is done, on the board. */
export function DeskCount({ desk }: { readonly desk: DeskView }) {
  const texts = useDeskTexts();
  const part = `${(100 * desk.done) / Math.max(1, desk.handed)}%`;
  return (
    <>
      <span className="meter" aria-hidden="true">
        <span style={{ inlineSize: part }} />
      </span>
      <Announced kind="result" as="span">
        {texts.doneOf(desk.done, desk.handed)}
      </Announced>
    </>
  );
}
