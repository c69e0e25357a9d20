/** Row of the finder: the found object, the text that matched, and its acts. */

import type { ReactNode } from "react";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { subtitleOf } from "../../../core/client/chat-record.ts";
import { allMatchSegments, matchSegments } from "../../../core/markup/match.ts";
import { isOnline, lastUnignored, roomOf } from "../../../core/model/selectors.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { shownFace } from "../../../core/rooms/profiles.ts";
import { settingRow } from "../../../ui/settings.ts";
import { authorText, briefText, firstName, plainTopic } from "../../../ui/text/event-text.ts";
import { withoutSign } from "../../../ui/text/target-text.ts";
import { fileIcon } from "../../browser/media.ts";
import { listedRoom, PlaceTile } from "../room/listed-message.tsx";
import { Avatar, useNames, useShownName, useTitle } from "../room/person.tsx";
import { entryNotes } from "../room/room-dialogs.tsx";
import { RoomTile } from "../room/tile.tsx";
import { useModelValue, useNarrow, usePage } from "../shell/context.tsx";
import { Icon, IconButton, type IconName } from "../shell/icons.tsx";
import { enterSends, type StoredPageSettings } from "../shell/settings.ts";
import type { PageSettingRow } from "./actions.ts";
import { useFinderTexts } from "./finder-texts.ts";
import type { FoundRow } from "./rows.ts";
import type { SuggestionRow } from "./suggestions.ts";

/** Row of the view before a letter was typed: a search that found something. */
export interface RecentRow {
  readonly kind: "recent";
  readonly id: string;
  readonly text: string;
}

export type FoundRowProps = FoundRow | RecentRow | SuggestionRow;

const TEXT_LENGTH = 160;

interface HitsProps {
  readonly text: string;
  readonly query: string;
  /** Maximum length; the whole text if `undefined`. */
  readonly length?: number;
}

/** Text in which the words of the query are marked. */
function Hits({ text, query, length }: HitsProps) {
  const parts =
    length === undefined ? allMatchSegments(text, query) : matchSegments(text, query, length);
  return parts.map((part, i) =>
    part.isMatch ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
      <mark key={i} className="hit">
        {part.text}
      </mark>
    ) : (
      part.text
    ),
  );
}

interface LayoutProps {
  readonly lead: ReactNode;
  readonly title: ReactNode;
  readonly sub?: ReactNode;
  /** Room or conversation. */
  readonly target?: string | undefined;
  readonly time?: string | undefined;
  readonly className?: string;
  readonly isExpanded?: boolean;
}

function Layout(props: LayoutProps) {
  const { lead, title, sub, target, time, className = "", isExpanded } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
    <span
      role="gridcell"
      tabIndex={-1}
      className={`finder-cell ${className}`}
      aria-expanded={isExpanded}
    >
      {lead}
      <span className="finder-words">
        <span className="finder-title" dir="auto">
          {title}
        </span>
        <span className="finder-sub" dir="auto">
          {sub}
        </span>
        {target === undefined ? null : <Place target={target} />}
        {time === undefined ? null : <time className="finder-time">{time}</time>}
      </span>
    </span>
  );
}

function Place({ target }: { readonly target: string }) {
  const title = useTitle(target);
  return (
    <span className="finder-in">
      <PlaceTile target={target} />
      <span dir="auto">{withoutSign(target, title)}</span>
    </span>
  );
}

function Sign({ icon, isAct = false }: { readonly icon: IconName; readonly isAct?: boolean }) {
  return (
    <span className={isAct ? "sign sign-do" : "sign"} aria-hidden="true">
      <Icon name={icon} />
    </span>
  );
}

export function Face({ user }: { readonly user: string }) {
  const shown = useShownName(user);
  const isHere = useModelValue(
    (model) => model.connection.kind === "online" && isOnline(model, user),
  );
  return (
    <span className={isHere ? "finder-face is-here" : "finder-face"}>
      <Avatar name={shown} user={user} tint={tintOf(user)} />
    </span>
  );
}

interface RowProps<Row> {
  readonly row: Row;
  readonly query: string;
  /** Text in which a word was found that no name has. */
  readonly why: string | undefined;
  /** Whether the answer is open. */
  readonly isOpen?: boolean;
}

type RowOf<Kind extends FoundRowProps["kind"]> = RowProps<Extract<FoundRowProps, { kind: Kind }>>;

function PersonLine({ row: { target }, query, why }: RowOf<"people">) {
  const user = target.slice(1);
  const shown = useShownName(user);
  const account = shown === cleanText(user) ? "" : cleanText(user);
  const last = useLastLine(target);
  return (
    <Layout
      lead={<Face user={user} />}
      title={<Hits text={shown} query={query} />}
      sub={<Hits text={why ?? (account === "" ? (last?.text ?? "") : account)} query={query} />}
      time={query === "" ? last?.time : undefined}
    />
  );
}

function useLastLine(target: string) {
  const { texts, times } = usePage();
  const item = useModelValue((model) => lastUnignored(model, target));
  if (item === undefined) return undefined;
  return { text: briefText(item, texts, times, TEXT_LENGTH), time: times.brief(item.timeUnixMs) };
}

function RoomLine({ row, query, why }: RowOf<"rooms">) {
  const { texts, chat } = usePage();
  const own = useFinderTexts();
  const { target, entry, root } = row;
  const title = useTitle(target);
  const last = useLastLine(target);
  const room = useModelValue((model) => roomOf(model, target));
  if (entry !== undefined) {
    const [name = ""] = row.names;
    const { locked: isLocked, sealed } = entry;
    const face = shownFace(entry.face);
    const line = { id: undefined, kind: "room", name: target, face, post: undefined } as const;
    return (
      <Layout
        lead={<RoomTile line={{ ...line, isLocked, isSealed: sealed === true }} />}
        title={<Hits text={name} query={query} />}
        sub={<Hits text={why ?? entryNotes(entry, texts)} query={query} />}
      />
    );
  }
  if (root !== undefined) {
    const [text = ""] = row.texts ?? [];
    return (
      <Layout
        lead={<Sign icon="thread" />}
        title={<Hits text={text} query={query} length={TEXT_LENGTH} />}
        sub={own.threadIn(withoutSign(target, title))}
      />
    );
  }
  const topic = room === undefined ? "" : plainTopic(subtitleOf(room));
  const about = topic === "" ? (last?.text ?? "") : topic;
  const line = room && listedRoom(room);
  return (
    <Layout
      lead={line === undefined ? <Sign icon="hash" /> : <RoomTile line={line} />}
      title={<Hits text={withoutSign(target, title)} query={query} />}
      sub={<Hits text={why ?? (query === "" ? (last?.text ?? about) : about)} query={query} />}
      time={chat.model.rooms.size === 0 ? undefined : last?.time}
    />
  );
}

function MessageLine({ row: { found }, query }: RowOf<"messages">) {
  const { texts, times } = usePage();
  const names = useNames();
  const { item, target } = found;
  const author = authorText(item, texts, names);
  const user = item.imported === undefined ? item.from : undefined;
  return (
    <Layout
      className="finder-said"
      lead={<Avatar name={author} user={user} tint={tintOf(item.from ?? author)} />}
      title={<Hits text={author} query={query} />}
      sub={<Hits text={briefText(item, texts, times, 2_000)} query={query} length={TEXT_LENGTH} />}
      target={target}
      time={times.brief(item.timeUnixMs)}
    />
  );
}

function FileLine({ row: { item, file, target }, query }: RowOf<"files">) {
  const { texts, times } = usePage();
  const own = useFinderTexts();
  const names = useNames();
  const icon = file.folder === undefined ? (fileIcon(file.name) ?? "file") : "folder";
  const author = firstName(authorText(item, texts, names));
  return (
    <Layout
      lead={<Sign icon={icon} />}
      title={<Hits text={cleanText(file.name)} query={query} />}
      sub={<Hits text={own.from(formatSize(file.size), author)} query={query} />}
      target={target}
      time={times.brief(item.timeUnixMs)}
    />
  );
}

function ActionLine({ row: { title, about, icon }, query }: RowOf<"actions">) {
  return (
    <Layout
      lead={<Sign icon={icon} isAct />}
      title={<Hits text={title} query={query} />}
      sub={<Hits text={about} query={query} />}
    />
  );
}

/** Value of a switch; `undefined` for a setting with other values. */
export function switchOf(
  { setting }: PageSettingRow,
  settings: StoredPageSettings,
): boolean | undefined {
  if (setting === undefined || ASKING.has(setting)) return undefined;
  if (setting === "enterSends") return enterSends(settings);
  const { [setting]: value } = settings;
  return typeof value === "boolean" ? value : undefined;
}

/** Settings whose switch asks the browser first. */
const ASKING: ReadonlySet<string> = new Set(["notify", "sounds", "keepsAwake"]);

function SettingLine({ row, query, why }: RowOf<"settings">) {
  const { texts, settings } = usePage();
  const own = useFinderTexts();
  const isOn = switchOf(row, usePage().settings);
  const { title, icon, setting } = row;
  const options = setting === undefined ? undefined : settingRow(setting).control?.options;
  const value = setting === undefined ? "" : String(settings[setting]);
  const chosen = options?.[value]?.[texts.lang];
  const state = isOn === undefined ? (chosen ?? why ?? "") : isOn ? own.on : own.off;
  return (
    <Layout
      lead={<Sign icon={icon} />}
      title={<Hits text={title} query={query} />}
      sub={<Hits text={state} query={query} />}
    />
  );
}

/** First sentence of an answer, without its marks. */
function firstSentence(answer: string): string {
  const plain = answer.replace(/`|\*\*/g, "");
  return /^.*?[.?!](?=\s|$)/su.exec(plain)?.[0] ?? plain;
}

function HelpLine({ row: { entry }, query, isOpen }: RowOf<"help">) {
  return (
    <Layout
      isExpanded={isOpen === true}
      lead={<Sign icon="help" />}
      title={<Hits text={entry.question} query={query} />}
      sub={<Hits text={firstSentence(entry.answer)} query={query} />}
    />
  );
}

function RecentLine({ row: { text } }: RowOf<"recent">) {
  return <Layout lead={<Sign icon="search" />} title={text} />;
}

function SuggestionLine({ row }: { readonly row: SuggestionRow }) {
  const { title, omitted, corrected, about, count, icon, user, view } = row;
  const words = title.split(" ").map((word, i) => {
    const shown =
      word === omitted ? (
        <s>{word}</s>
      ) : word === corrected ? (
        <mark className="hit">{word}</mark>
      ) : (
        word
      );
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
      <span key={i}>
        {i > 0 ? " " : ""}
        {shown}
      </span>
    );
  });
  return (
    <>
      <Layout
        lead={
          user === undefined ? (
            <Sign icon={icon} isAct={view === undefined} />
          ) : (
            <Face user={user} />
          )
        }
        title={words}
        sub={about}
      />
      {count === "" ? null : (
        // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
        <span role="gridcell" tabIndex={-1} className="finder-count">
          {count}
        </span>
      )}
    </>
  );
}

export function RowLine(props: RowProps<FoundRowProps>) {
  const { row, query, why, isOpen = false } = props;
  switch (row.kind) {
    case "people":
      return <PersonLine row={row} query={query} why={why} />;
    case "rooms":
      return <RoomLine row={row} query={query} why={why} />;
    case "messages":
      return <MessageLine row={row} query={query} why={why} />;
    case "files":
      return <FileLine row={row} query={query} why={why} />;
    case "actions":
      return <ActionLine row={row} query={query} why={why} />;
    case "settings":
      return <SettingLine row={row} query={query} why={why} />;
    case "help":
      return <HelpLine row={row} query={query} why={why} isOpen={isOpen} />;
    case "recent":
      return <RecentLine row={row} query={query} why={why} />;
    default:
      return <SuggestionLine row={row} />;
  }
}

interface RowEndProps {
  readonly row: FoundRowProps;
  readonly isAt: boolean;
  readonly onRun: () => void;
}

/** Buttons at the end of a row, or the keys of the chosen one. */
export function RowEnd({ row, isAt, onRun }: RowEndProps) {
  const own = useFinderTexts();
  const isNarrow = useNarrow();
  if (row.kind === "settings") return <SettingSwitch row={row} onRun={onRun} />;
  if (row.kind === "rooms" && row.entry !== undefined) {
    const label = row.entry.approval === true ? own.askToJoin : own.join;
    return (
      <Cell>
        <button type="button" tabIndex={-1} className="finder-join" onClick={onRun}>
          {label}
        </button>
      </Cell>
    );
  }
  if (row.kind === "people" && isNarrow) return <MessageButton target={row.target} onRun={onRun} />;
  const keys = isNarrow || !isAt ? undefined : keysOf(row, own);
  if (keys === undefined) return null;
  return (
    <span className="finder-keys" aria-hidden="true">
      {keys.map(([key, label]) => (
        <KeyHint key={key} keys={key} label={label} />
      ))}
    </span>
  );
}

function keysOf(row: FoundRowProps, own: ReturnType<typeof useFinderTexts>) {
  const enter = (label: string) => ["Enter", label] as const;
  if (row.kind === "people")
    return [enter(own.keys.message), ["Ctrl Enter", own.keys.card] as const];
  if (row.kind !== "actions") return undefined;
  const doIt = enter(own.keys.do);
  return row.choices.length > 1 ? [["← →", own.keys.choice] as const, doIt] : [doIt];
}

interface KeyHintProps {
  readonly keys: string;
  readonly label: string;
}

export function KeyHint({ keys, label }: KeyHintProps) {
  return (
    <span className="key-hint">
      {keys.split(" ").map((key) => (
        <kbd key={key} className="key">
          {key}
        </kbd>
      ))}
      {label}
    </span>
  );
}

function Cell({ children }: { readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot have this layout
    <span role="gridcell" tabIndex={-1} className="finder-end">
      {children}
    </span>
  );
}

function MessageButton({ target, onRun }: { readonly target: string; readonly onRun: () => void }) {
  const own = useFinderTexts();
  const shown = useShownName(target.slice(1));
  return (
    <Cell>
      <IconButton icon="message" label={own.message(shown)} onPress={onRun} />
    </Cell>
  );
}

function SettingSwitch({
  row,
  onRun,
}: {
  readonly row: PageSettingRow;
  readonly onRun: () => void;
}) {
  const isOn = switchOf(row, usePage().settings);
  if (isOn === undefined) return null;
  return (
    <Cell>
      <button
        type="button"
        role="switch"
        tabIndex={-1}
        aria-checked={isOn}
        aria-label={row.title}
        className="finder-switch"
        onClick={onRun}
      />
    </Cell>
  );
}
