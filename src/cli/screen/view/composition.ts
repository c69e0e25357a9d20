/** Screen composition. A region is rendered again only if its content has changed. */

import { cleanText } from "../../../base/text.ts";
import { stepped } from "../../../core/model/catch-up.ts";
import { ownTurn } from "../../../core/model/hands.ts";
import type { NewMessages } from "../../../core/model/new-messages.ts";
import { type People, PeopleIndex } from "../../../core/model/people.ts";
import { firstItem, type Rows, type ShownRow, visibleSpan } from "../../../core/model/rows.ts";
import type { MessageSpan } from "../../../core/model/seen.ts";
import {
  isErased,
  onlineNames,
  openRoom,
  openThreadRoot,
  roomList,
} from "../../../core/model/selectors.ts";
import type { FileView, Model, ReadingPlace, RoomState } from "../../../core/model/state.ts";
import type { FileBody } from "../../../core/rooms/files.ts";
import type { Size } from "../../../io/terminal/device.ts";
import { readOnlyReason } from "../../../ui/text/rules-text.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import { type Editor, indexAtCell, visibleForm, visualLines } from "../editor/editor.ts";
import { type PictureSizes, pictureRows } from "../pictures/cells.ts";
import { walkedMessage } from "../state/card.ts";
import { type FileTexts, groupRows, selectedChoice } from "../state/finder.ts";
import { PANES_FROM_COLUMNS, rightColumns } from "../state/pane.ts";
import {
  answersOf,
  choiceOf,
  type Hit,
  type ListScroll,
  type ScreenFrame,
  type ScreenQuestion,
  type ScreenSettings,
  type ScreenState,
  type ScreenWalk,
  type SelectionKey,
  showsMembers,
} from "../state/screen-state.ts";
import type { Ground } from "../terminal/ground.ts";
import type { ScreenTexts } from "../text/texts.ts";
import { headerLine, type LinkStatus, statusLine, threadHeader } from "./bars.ts";
import { type FinderOptions, finderEntries, finderKeys } from "./finder.ts";
import { previewLines } from "./finder-preview.ts";
import { type InboxOptions, inboxBelow, inboxEntries, inboxHeader, inboxKeys } from "./inbox.ts";
import type { RowOptions } from "./message.ts";
import {
  isLongerThanPage,
  type NewMessagesView,
  newMessagesView,
  RAIL_COLUMNS,
} from "./new-messages.ts";
import { draftContextLine, noticeLines } from "./notices.ts";
import {
  type Entry,
  type OverlayOptions,
  overlayLines,
  overlayPrompt,
  overlayTopMax,
} from "./overlay.ts";
import { type ColorDepth, Palette } from "./palette.ts";
import {
  countedPlace,
  type HitRegions,
  hitAt,
  isTargetMuted,
  type MemberColumn,
  memberColumn,
  nextToRead,
  type RoomColumn,
  roomColumn,
  topOf,
} from "./panels.ts";
import {
  cutLine,
  cutTo,
  fitLine,
  graphemesOf,
  lineWidth,
  memo,
  type Span,
  type StyledLine,
  splitLine,
  widthOf,
} from "./style.ts";
import { TimelineCache, type TimelineOptions, type VisibleRow } from "./timeline.ts";
import { wrapSpans } from "./wrap.ts";

export interface ViewProps {
  readonly model: Model;
  readonly rows: Rows;
  readonly state: ScreenState;
  readonly size: Size;
  readonly settings: ScreenSettings;
  readonly nowUnixMs: number;
  readonly texts: ScreenTexts;
  readonly times: Times;
  readonly isStarting?: boolean;
  readonly depth: ColorDepth;
  readonly status: LinkStatus;
  readonly fetchKey: string | undefined;
  readonly foldKey: string | undefined;
  readonly pictures?: PictureSizes;
  /** The pane without the input; `undefined` while one place is visible. */
  readonly pane?: PaneView | undefined;
  readonly fileTexts?: FileTexts;
  /** Ground of the terminal, for the theme `auto`. */
  readonly ground?: Ground;
  /** Keys of the prompt while a message is selected. */
  readonly selectionKeys?: readonly SelectionKey[];
}

/** Content of the pane without the input. */
export interface PaneView {
  /** As if the pane had the input. */
  readonly model: Model;
  readonly rows: Rows;
  readonly isLeft: boolean;
}

export interface Layout {
  readonly pageRows: number;
  readonly inputColumns: number;
  readonly heightOf: (key: string) => number;
  /** Number of lines that unfolding adds; 0 if the row cannot be folded. */
  readonly foldsOf: (key: string) => number;
  /** Messages whose last line is visible, and a higher one of which half a page is. */
  readonly visible: MessageSpan | undefined;
  /** Place of the first visible message. */
  readonly place: ReadingPlace | undefined;
  readonly isAtBottom: boolean;
  readonly files: readonly FileBody[];
  /** File in the preview of the finder. */
  readonly previewed: FileView | undefined;
  readonly topMax: number;
  /** Rows of each group of the finder. */
  readonly finderRows: number;
  /** Whether two panes fit. */
  readonly isWide: boolean;
  readonly rooms: ListScroll;
  readonly members: ListScroll;
  /** Positions begin at 0. `undefined` if the position has no target. */
  readonly hitAt: (column: number, row: number) => Hit | undefined;
}

export interface Composition {
  readonly frame: ScreenFrame;
  readonly layout: Layout;
}

const ROOMS_FROM_COLUMNS = 60;
const INBOX_ROOMS_FROM_COLUMNS = 100;
const MEMBERS_FROM_COLUMNS = 44;
const RAIL_FROM_COLUMNS = 70;
/** Rows of the screen that are not the timeline: header, status line and input. */
const FRAME_ROWS = 3;
const HEADER_FROM_ROWS = 4;
const STATUS_FROM_ROWS = 2;
/** Maximum height of the input box and of the notices, as a divisor of the screen height. */
const REGION_FRACTION = 3;
const NOT_PLAIN = /[^\x20-\x7e]/;

const NO_LIST = { lines: [], top: 0, topMax: 0 };
const NO_ROOMS: RoomColumn = { ...NO_LIST, targets: [] };
const NO_MEMBERS: MemberColumn = { ...NO_LIST, names: [] };

export interface Areas {
  readonly header: number;
  readonly body: number;
  readonly notices: readonly StyledLine[];
  readonly status: number;
  readonly input: InputBox;
  readonly rooms: number;
  readonly members: number;
  readonly timeline: number;
  /** Columns of the other pane and of its edge; 0 if one place is visible. */
  readonly pane: number;
  /** Columns before the timeline. */
  readonly before: number;
}

export class FrameComposer {
  readonly #timeline = new TimelineCache();
  readonly #people = new PeopleIndex();
  readonly #paneTimeline = new TimelineCache();
  readonly #panePeople = new PeopleIndex();
  readonly #paneRowOptions = memo<RowOptions>();
  readonly #composition = memo<Composition>();
  readonly #palette = memo<Palette>();
  readonly #rowOptions = memo<RowOptions>();
  readonly #newMessages = memo<NewMessagesView | undefined>();
  readonly #isLong = memo<boolean>();
  /** Cached because the text may be long and rarely changes between frames. */
  readonly #input = memo<InputBox>();
  readonly #finder = memo<readonly Entry[]>();
  readonly #finderOptions = memo<FinderOptions | undefined>();
  readonly #online = memo<ReadonlySet<string>>();
  readonly #title = memo<string>();
  readonly #roomColumn = memo<RoomColumn>();
  readonly #roomTexts = memo<readonly string[]>();
  readonly #memberColumn = memo<MemberColumn>();
  readonly #memberTexts = memo<readonly string[]>();

  compose(props: ViewProps): Composition {
    return this.#composition(cacheKey(props), () => this.#composeNow(props));
  }

  #composeNow(props: ViewProps): Composition {
    const { size } = props;
    const palette = this.#paletteOf(props);
    const first = this.#areasOf(props, new Set());
    const firstOptions = this.#timelineOptions(props, first, palette);
    const files = filesOf(this.#timeline.layOut(firstOptions).visible);
    const ids = new Set<string>(files.map(({ file }) => file));
    const areas = files.length === 0 ? first : this.#areasOf(props, ids);
    const isSameHeight = areas.body === first.body;
    const options = isSameHeight ? firstOptions : this.#timelineOptions(props, areas, palette);
    const laidOut = { options, timeline: this.#timeline.layOut(options) };
    const { lines, visible: visibleRows, rowsBelow, isAtTop, pictures } = laidOut.timeline;
    const isLoading = isAtTop && props.rows.loading?.side === "older" && lines.length > 1;
    const timelineLines = isLoading
      ? [this.#loading(props, areas, palette), ...lines.slice(1)]
      : lines;
    const body = this.#body(props, areas, palette, timelineLines);
    const texts = (region: readonly StyledLine[]) =>
      region.map((line) => palette.ansiOf(fitLine(line, size.columns)));
    const nothing = noRoomText(props);
    const isAtBottom = rowsBelow === 0;
    const inbox = inboxOf(props);
    const field = this.#fieldOf(props);
    const headerSpans =
      field !== undefined
        ? (field.lines[0] ?? [])
        : inbox === undefined
          ? headersOf(props, areas, nothing)
          : inboxHeader(inbox, size.columns);
    const header = areas.header === 0 ? [] : [palette.ansiOf(headerSpans, "bar")];
    const status =
      areas.status === 0
        ? []
        : [palette.ansiOf(this.#status(props, areas, isAtBottom, rowsBelow), "bar")];
    const allLines = [
      ...header,
      ...body,
      ...texts(areas.notices),
      ...status,
      ...texts(inputLines(areas, field)),
    ];
    const overlay = this.#overlay(props);
    const hitRegions: HitRegions = {
      areas,
      field: field === undefined || areas.header === 0 ? undefined : field.indexAt,
      rooms: () => this.#rooms(props, areas),
      members: () => this.#members(props, areas),
      overlay: () => this.#entries(props, areas),
      timeline: (row) => this.#timeline.lineAt(laidOut.options, laidOut.timeline, row),
      statusLine: () => this.#status(props, areas, isAtBottom, rowsBelow),
    };
    const layout: Layout = {
      pageRows: Math.max(1, areas.body),
      inputColumns: inputColumns(promptOf(props), size.columns),
      heightOf: (key) => this.#timeline.heightOf(laidOut.options, key),
      foldsOf: (key) => this.#timeline.foldsOf(laidOut.options, key),
      visible: visibleSpan(shownRows(visibleRows, laidOut.options, this.#timeline)),
      place: placeOf(visibleRows),
      isAtBottom,
      files: filesOf(visibleRows),
      previewed: previewedFile(this.#finderOf(props), size.columns),
      finderRows: groupRows(size.rows),
      isWide: size.columns >= PANES_FROM_COLUMNS,
      topMax: overlay === undefined ? 0 : overlayTopMax(overlay, areas.timeline, areas.body),
      rooms: this.#rooms(props, areas),
      members: this.#members(props, areas),
      hitAt: (column, row) => hitAt(hitRegions, column, row),
    };
    const title = this.#title([props.model], () => titleOf(props.model));
    const cursor =
      field === undefined || props.state.question !== undefined
        ? cursorOf(props, areas)
        : { row: areas.header === 0 ? allLines.length - 1 : 0, column: field.column };
    const frame = { lines: allLines, cursor, title, pictures };
    return { frame, layout };
  }

  #areasOf(props: ViewProps, visibleFiles: ReadonlySet<string>): Areas {
    const { size, model, state, texts } = props;
    const columns = Math.max(1, size.columns);
    const rows = Math.max(1, size.rows);
    const header = rows >= HEADER_FROM_ROWS ? 1 : 0;
    const status = rows >= STATUS_FROM_ROWS ? 1 : 0;
    const input = this.#inputOf(props, Math.max(1, Math.floor(rows / REGION_FRACTION)));
    const freeRows = Math.max(0, rows - header - status - input.lines.length);
    const draftContext = freeRows >= 2 ? draftContextLine(model, texts, columns) : undefined;
    const noticesMax = Math.min(
      Math.floor(rows / REGION_FRACTION),
      freeRows - (draftContext === undefined ? 1 : 2),
    );
    const noticeRows = noticeLines(
      { model, notes: state.notes, question: state.question, texts, visibleFiles },
      columns,
      noticesMax,
    );
    const notices = draftContext === undefined ? noticeRows : [...noticeRows, draftContext];
    const isInbox = state.overlay?.kind === "inbox";
    const isFinder = state.overlay?.kind === "finder";
    const roomsFrom = isInbox ? INBOX_ROOMS_FROM_COLUMNS : ROOMS_FROM_COLUMNS;
    const hasRooms = state.showsRooms && !isFinder && columns >= roomsFrom;
    const roomsColumns = hasRooms ? roomsWidth(columns) : 0;
    const isWhole = isInbox || isFinder;
    const hasPanes = props.pane !== undefined && columns >= PANES_FROM_COLUMNS && !isWhole;
    const wantsMembers = showsMembers(state, model, columns >= PANES_FROM_COLUMNS);
    const hasMembers = wantsMembers && columns >= MEMBERS_FROM_COLUMNS && !isWhole && !hasPanes;
    const members = hasMembers ? Math.min(24, Math.floor(columns / 4)) : 0;
    const right = hasPanes ? rightColumns(columns - roomsColumns) : 0;
    const isRightOpen = props.pane?.isLeft === true;
    const pane = hasPanes && isRightOpen ? columns - roomsColumns - right + 1 : right;
    return {
      header,
      body: freeRows - notices.length,
      notices,
      status,
      input,
      rooms: roomsColumns,
      members,
      timeline: columns - roomsColumns - members - pane,
      pane,
      before: roomsColumns + (isRightOpen ? pane : 0),
    };
  }

  #inputOf(props: ViewProps, rows: number): InputBox {
    const { state, size } = props;
    const { question, overlay, editor } = state;
    const answer = question === undefined ? undefined : question.answer;
    const hasField = overlay !== undefined && overlay.kind !== "finder" && "query" in overlay;
    const query = hasField ? overlay.query : undefined;
    const listed = modeBox(props, Math.max(1, size.columns));
    if (listed !== undefined) return listed;
    const options: InputBoxOptions = {
      hint: isInputFree(props) ? (readOnlyText(props) ?? "") : "",
      prompt: promptOf(props),
      editor: answer ?? query ?? editor,
      columns: Math.max(1, size.columns),
      rows,
      isSecret: question?.kind === "secret",
    };
    return this.#input(Object.values(options), () => inputBox(options));
  }

  #finderOf(props: ViewProps): FinderOptions | undefined {
    const { state, model, texts, times, size, settings, fileTexts } = props;
    const { overlay } = state;
    if (overlay?.kind !== "finder") return undefined;
    const from = [overlay, model, texts, times, size, settings, fileTexts];
    return this.#finderOptions(from, () => {
      const online = this.#online([model.rooms], () => onlineNames(model));
      return finderOptions(props, overlay, online);
    });
  }

  /** Field of the finder, which replaces the header. */
  #fieldOf({ state: { overlay }, texts, size }: ViewProps): InputBox | undefined {
    if (overlay?.kind !== "finder") return undefined;
    const columns = Math.max(1, size.columns);
    const box = inputBox({
      prompt: ` ${texts.screen.find}: `,
      editor: overlay.query,
      columns: Math.max(2, columns - FIELD_KEY.length - 2),
      rows: 1,
      isSecret: false,
    });
    const [line = []] = box.lines;
    const field =
      overlay.selectedFrom === undefined ? line : selectedQuery(line, overlay.selectedFrom);
    const right: StyledLine = [{ text: `${FIELD_KEY} `, role: "bar-dim" }];
    const column = Math.min(box.column, columns - 1);
    return { ...box, column, lines: [splitLine(field, right, columns)] };
  }

  #timelineOptions(props: ViewProps, areas: Areas, palette: Palette): TimelineOptions {
    const { rows, state, model, size } = props;
    const { newMessages, loadedCatchUp } = state;
    const room = openRoom(model);
    const view = this.#newMessages([rows, newMessages, loadedCatchUp, room?.thread], () =>
      newMessagesView(rows, state, model),
    );
    const page = { columns: areas.timeline, rows: size.rows - FRAME_ROWS };
    const isLong =
      view !== undefined &&
      size.columns >= RAIL_FROM_COLUMNS &&
      this.#isLong([rows, view, ...Object.values(page)], () => isLongerThanPage(rows, view, page));
    const railColumns = isLong ? RAIL_COLUMNS : 0;
    return {
      rows,
      newMessages: view,
      hasRail: isLong && room !== undefined && !isEndRead(room, view.messages),
      rowOptions: this.#rowOptionsOf(props, areas.timeline - railColumns, railColumns),
      palette,
      transfers: props.model.transfers,
      scroll: props.state.scroll,
      selected: props.state.selected ?? props.state.highlighted,
      unfolded: props.state.unfolded,
      height: areas.body,
    };
  }

  #rowOptionsOf(props: ViewProps, columns: number, railColumns: number): RowOptions {
    const { pictures, size, model, state } = props;
    const hasPictures = pictures !== undefined && pictures.size > 0;
    const rowOptions: RowOptions = {
      ...commonRowOptions(props, columns),
      people: this.#peopleOf(model),
      pictures: hasPictures ? pictures : undefined,
      pictureRows: hasPictures ? pictureRows(size.rows) : 0,
      hit: searchedText(state),
      railColumns,
    };
    return this.#rowOptions(Object.values(rowOptions), () => rowOptions);
  }

  #peopleOf(model: Model): People {
    return this.#people.of(openRoom(model), model);
  }

  #paletteOf({ settings: { theme: chosen, colors }, depth, ground = "dark" }: ViewProps): Palette {
    const theme = chosen === "auto" ? ground : chosen;
    return this.#palette([theme, colors, depth], () => new Palette(theme, colors, depth));
  }

  #body(
    props: ViewProps,
    areas: Areas,
    palette: Palette,
    timeline: readonly string[],
  ): readonly string[] {
    const { state } = props;
    const separator = palette.ansiOf([{ text: "│", role: "rule" }]);
    const middle = this.#centerColumn(props, areas, palette, timeline);
    const roomRows = this.#rooms(props, areas).lines;
    const rooms = this.#roomTexts([roomRows, palette], () =>
      roomRows.map((line) => palette.ansiOf(line) + separator),
    );
    const memberRows = this.#members(props, areas).lines;
    const members = this.#memberTexts([memberRows, palette], () =>
      memberRows.map((line) => separator + palette.ansiOf(line)),
    );
    const isAlone = areas.rooms === 0 && areas.members === 0 && areas.pane === 0;
    if (state.overlay === undefined && isAlone) return middle;
    const other = this.#paneLines(props, areas, palette);
    const isLeft = props.pane?.isLeft === true;
    return middle.map((line, i) => {
      const beside = other === undefined ? "" : (other[i] ?? "");
      const places = isLeft
        ? beside + (other === undefined ? "" : separator) + line
        : line + (other === undefined ? "" : separator) + beside;
      return (rooms[i] ?? "") + places + (members[i] ?? "");
    });
  }

  /** The end of the place that has no input. */
  #paneLines(props: ViewProps, areas: Areas, palette: Palette): readonly string[] | undefined {
    const { pane, texts } = props;
    if (pane === undefined || areas.pane === 0) return undefined;
    const columns = areas.pane - 1;
    const { model, rows } = pane;
    if (rows.rows.length === 0) {
      const text = rows.loading === undefined ? "" : texts.loadingOlder;
      const line = palette.ansiOf(fitLine([{ text: ` ${text}`, role: "dim" }], columns));
      const blank = palette.ansiOf(fitLine([], columns));
      return Array.from({ length: areas.body }, (_, i) => (i === areas.body - 1 ? line : blank));
    }
    const rowOptions: RowOptions = {
      ...commonRowOptions(props, columns),
      people: this.#panePeople.of(openRoom(model), model),
      pictures: undefined,
      pictureRows: 0,
      hit: "",
      railColumns: 0,
    };
    const options: TimelineOptions = {
      rows,
      newMessages: undefined,
      hasRail: false,
      rowOptions: this.#paneRowOptions(Object.values(rowOptions), () => rowOptions),
      palette,
      transfers: props.model.transfers,
      scroll: undefined,
      selected: undefined,
      unfolded: props.state.unfolded,
      height: areas.body,
    };
    return this.#paneTimeline.layOut(options).lines;
  }

  #rooms({ model, texts, settings: { muted }, state }: ViewProps, areas: Areas): RoomColumn {
    const { rooms, open, drafts, ignored, displayNames } = model;
    const { rooms: columns, body } = areas;
    const top = state.roomsScroll;
    const inputs = [rooms, open, drafts, ignored, displayNames, texts, muted, columns, body, top];
    return this.#roomColumn(inputs, () =>
      columns === 0 ? NO_ROOMS : roomColumn(model, texts, muted, columns - 1, body, top),
    );
  }

  #members({ model, texts, state, nowUnixMs }: ViewProps, areas: Areas): MemberColumn {
    const { me, open, rooms, displayNames } = model;
    const { members: columns, body } = areas;
    // A conversation's peer is online if any room lists that user as online.
    const people = open?.startsWith("@") === true ? rooms : openRoom(model);
    const top = topOf(state.membersScroll, model) ?? 0;
    const tinted = this.#peopleOf(model);
    const inputs = [people, tinted, open, me, displayNames, texts, columns, body, top];
    return this.#memberColumn(inputs, () =>
      columns === 0 ? NO_MEMBERS : memberColumn(model, texts, columns - 1, body, top, nowUnixMs),
    );
  }

  #centerColumn(
    props: ViewProps,
    areas: Areas,
    palette: Palette,
    timeline: readonly string[],
  ): readonly string[] {
    const { body: height } = areas;
    const entries = this.#entries(props, areas);
    if (entries === undefined) {
      return props.rows.rows.length === 0 ? this.#emptyTimeline(props, areas, palette) : timeline;
    }
    const overlayTexts = entries.map(({ line, background }) => palette.ansiOf(line, background));
    return [...timeline.slice(0, Math.max(0, height - overlayTexts.length)), ...overlayTexts];
  }

  #entries(props: ViewProps, { body: height, timeline: columns }: Areas) {
    const finder = this.#finderOf(props);
    if (finder !== undefined) {
      const { overlay, model, texts, times, rows, fileTexts } = finder;
      const seen = [overlay, model, texts, times, rows, fileTexts];
      const from = [...seen, columns, height, props.settings.muted];
      return this.#finder(from, () => entriesWithPreview(finder, columns, height));
    }
    const inbox = inboxOf(props);
    if (inbox !== undefined) return inboxEntries(inbox, columns, height);
    const options = this.#overlay(props);
    return options && overlayLines(options, columns, height);
  }

  #overlay({ state, model, texts, times }: ViewProps): OverlayOptions | undefined {
    const { overlay, question } = state;
    if (question?.kind === "yes-no") {
      return { overlay: menuOfQuestion(question, texts), model, texts, times };
    }
    if (overlay === undefined || overlay.kind === "inbox") return undefined;
    if (overlay.kind === "finder") return undefined;
    return { overlay, model, texts, times };
  }

  #emptyTimeline(props: ViewProps, areas: Areas, palette: Palette): readonly string[] {
    const { texts, rows } = props;
    const { timeline: columns, body: height } = areas;
    const text = rows.loading === undefined ? emptyText(props) : texts.loadingOlder;
    const lines = wrapSpans([{ text, role: "dim" }], Math.max(2, columns - 2)).slice(0, height);
    const blank: StyledLine[] = Array.from({ length: height - lines.length }, () => []);
    return [...blank, ...lines].map((line) =>
      palette.ansiOf(fitLine(columns < 4 ? line : [{ text: " " }, ...line], columns)),
    );
  }

  #loading({ texts }: ViewProps, { timeline: columns }: Areas, palette: Palette): string {
    return palette.ansiOf(fitLine([{ text: ` ${texts.loadingOlder}`, role: "dim" }], columns));
  }

  #status(props: ViewProps, areas: Areas, isAtBottom: boolean, rows: number): StyledLine {
    const { model, texts, status, nowUnixMs, settings, state, size } = props;
    const { question, completion } = state;
    const below = isAtBottom && !props.rows.hasNewer ? undefined : { rows };
    const { muted, typing } = settings;
    const finder = this.#finderOf(props);
    if (finder !== undefined && question === undefined) {
      const title = model.open === undefined ? "" : targetTitle(model, model.open);
      const right: StyledLine = [{ text: `${finderKeys(finder)} `, role: "bar-dim" }];
      return splitLine([{ text: ` ${title}`, role: "bar" }], right, size.columns);
    }
    const inbox = inboxOf(props);
    const keys = inbox && inboxKeys(inbox, inboxBelow(inbox, areas.timeline, areas.body));
    const walkKeys = walkKeysOf(props);
    const modeKeys = modeKeysOf(props);
    const roomKeys =
      modeKeys ?? walkKeys ?? (below && readingKeysOf(props)) ?? paneKeysOf(props, areas);
    return statusLine(
      {
        isWalking: walkKeys !== undefined || modeKeys !== undefined,
        model,
        texts,
        link: status,
        nowUnixMs,
        readOnly: isInputFree(props) ? undefined : readOnlyText(props),
        muted,
        typing,
        below,
        question,
        completion,
        keys,
        roomKeys,
        end: isAtBottom ? readingEnd(props) : undefined,
      },
      size.columns,
    );
  }
}

/** Options of the rows of both panes. */
function commonRowOptions(props: ViewProps, columns: number) {
  const { texts, times, model, fetchKey, foldKey, size, settings } = props;
  return {
    columns: Math.max(2, columns),
    texts,
    times,
    me: model.me,
    displayNames: model.displayNames,
    isOnline: model.connection.kind === "online",
    fetchKey: plainChord(fetchKey),
    foldKey: plainChord(foldKey),
    isGrouping: settings.groupMessages,
    isNarrow: size.columns < ROOMS_FROM_COLUMNS,
  };
}

/** Headers of both panes; the one with the input has a bold title. */
function headersOf(props: ViewProps, areas: Areas, nothing: string) {
  const { model, texts, times, size, pane } = props;
  if (pane === undefined || areas.pane === 0)
    return headerLine(model, texts, nothing, size.columns);
  const left = areas.rooms + (pane.isLeft ? areas.pane - 1 : areas.timeline);
  const right = size.columns - left - 1;
  const headerOf = (shown: Model, columns: number) =>
    threadHeader(shown, texts, times, columns) ?? headerLine(shown, texts, nothing, columns);
  const own = headerOf(model, pane.isLeft ? right : left);
  const other = headerOf(pane.model, pane.isLeft ? left : right).map(
    (span): Span => ({ ...span, bold: false, role: "bar-dim" }),
  );
  const edge: Span = { text: "│", role: "bar-dim" };
  return pane.isLeft ? [...other, edge, ...own] : [...own, edge, ...other];
}

/** Keys of an idle pane. */
function paneKeysOf({ state, texts, pane }: ViewProps, areas: Areas): string | undefined {
  const { editor, overlay, question, selected } = state;
  const isIdle = overlay === undefined && question === undefined && selected === undefined;
  if (pane === undefined || areas.pane === 0 || !isIdle || editor.text !== "") return undefined;
  const title = targetTitle(pane.model, pane.model.open ?? "");
  return texts.screen.paneKeys(openThreadRoot(pane.model) === undefined ? title : `↪ ${title}`);
}

/** `undefined` if Space types a blank. */
function readingEnd({ model, state, rows, settings }: ViewProps) {
  const { overlay, question, editor, selected, readsOn } = state;
  const isCovered = overlay !== undefined || question !== undefined || selected !== undefined;
  if (isCovered || editor.text !== "" || rows.hasNewer || model.open === undefined) {
    return undefined;
  }
  const next = nextToRead(model, settings.muted);
  if (next === undefined) return readsOn ? { next: undefined } : undefined;
  return { next: countedPlace(model, next) };
}

function inboxOf(props: ViewProps): InboxOptions | undefined {
  const { state, model, texts, times, size } = props;
  if (state.overlay?.kind !== "inbox") return undefined;
  const isNarrow = size.columns < ROOMS_FROM_COLUMNS;
  const isWide = size.columns >= PANES_FROM_COLUMNS;
  return { overlay: state.overlay, model, texts, times, isNarrow, isWide };
}

function finderOptions(
  { model, texts, times, size, settings, fileTexts = NO_FILE_TEXTS }: ViewProps,
  overlay: FinderOptions["overlay"],
  online: ReadonlySet<string>,
): FinderOptions {
  const isMuted = (target: string) => isTargetMuted(settings.muted, target);
  const isNarrow = size.columns < ROOMS_FROM_COLUMNS;
  const isWide = size.columns >= PANES_FROM_COLUMNS;
  const common = { overlay, model, texts, times, rows: size.rows };
  return { ...common, isNarrow, isWide, isMuted, online, fileTexts };
}

const NO_FILE_TEXTS: FileTexts = new Map();
const PREVIEW_FROM_COLUMNS = 120;
/** Columns of the list beside a preview. */
const LIST_COLUMNS = 59;

function entriesWithPreview(
  finder: FinderOptions,
  columns: number,
  height: number,
): readonly Entry[] {
  const isFirstPage = finder.overlay.result.groups.some(({ kind }) => kind === "first");
  if (columns < PREVIEW_FROM_COLUMNS || isFirstPage) {
    return finderEntries(finder, columns, height).map((entry) => ({
      ...entry,
      line: fitLine(entry.line, columns),
    }));
  }
  const preview = previewLines(finder, columns - LIST_COLUMNS - 2, height);
  return finderEntries(finder, LIST_COLUMNS - 1, height).map(({ background, ...entry }, i) => {
    const left = fitLine(entry.line, LIST_COLUMNS);
    const list = background === undefined ? left : left.map((span) => onGround(span));
    const right: StyledLine = [{ text: "│ ", role: "rule" }, ...(preview[i] ?? [])];
    return { ...entry, line: fitLine([...list, ...right], columns) };
  });
}

/** Gives a part of a line the ground of the selected row. */
function onGround(span: Span): Span {
  return span.role === undefined || span.role === "dim" ? { ...span, role: "selected" } : span;
}

function previewedFile(finder: FinderOptions | undefined, columns: number): FileView | undefined {
  if (finder === undefined || columns < PREVIEW_FROM_COLUMNS) return undefined;
  const choice = selectedChoice(finder.overlay, finder.model, groupRows(finder.rows));
  return choice?.kind === "row" && choice.row.kind === "files" ? choice.row.file : undefined;
}

const FIELD_KEY = "Esc";

/** Inverts the part of the query that typing replaces. */
function selectedQuery([prompt, text]: StyledLine, from: number): StyledLine {
  if (prompt === undefined || text === undefined) return [];
  const [kept, selected] = [text.text.slice(0, from), text.text.slice(from)];
  return [prompt, { ...text, text: kept }, { text: selected, role: "selected" }];
}

/** The draft below the finder is dim. On a screen without a header, the field is there. */
function inputLines({ header, input }: Areas, field: InputBox | undefined): readonly StyledLine[] {
  if (field === undefined) return input.lines;
  if (header === 0) return field.lines;
  return input.lines.map((line) => line.map(({ text }): Span => ({ text, role: "dim" })));
}

/** Keys of the selection, of a menu, and of Ctrl-C that has asked. */
function modeKeysOf({ state, texts, nowUnixMs }: ViewProps): string | undefined {
  const { selected, overlay, question, leavesUntilUnixMs = 0 } = state;
  const { leaveAgain, selectStatus, inboxActionKeys } = texts.screen;
  if (question !== undefined) return undefined;
  if (nowUnixMs < leavesUntilUnixMs) return leaveAgain;
  if (overlay?.kind === "menu") return inboxActionKeys;
  return overlay === undefined && selected !== undefined ? selectStatus : undefined;
}

function menuOfQuestion(question: ScreenQuestion, { keys: { answers } }: ScreenTexts) {
  const order = answersOf(question);
  const entries = order.map((answer) => {
    return { action: { kind: "close" as const }, chord: "", label: answers[answer] };
  });
  const selectedIndex = order.indexOf(choiceOf(question));
  return { kind: "menu" as const, title: question.text, selectedIndex, entries };
}

/** Keys of a walk, with what its next step does. */
function walkKeysOf({ model, state, texts }: ViewProps): string | undefined {
  const { walk, editor, overlay, question } = state;
  const { screen } = texts;
  const message = walk?.part.messages[walk.at];
  if (walk === undefined || message === undefined || overlay !== undefined) return undefined;
  const isShown = walkedMessage(state) !== undefined;
  const isTyped = editor.text !== "" && openRoom(model)?.jumpSeq === message.seq;
  if (question !== undefined || !(isShown || isTyped)) return undefined;
  const next = stepped(walk, 1, (seq) => isErased(model, seq));
  const target = next?.part.messages[next.at]?.target;
  const isElsewhere = target !== undefined && target !== message.target;
  const parts = [
    isTyped ? walkTitle(walk, texts) : "",
    next === undefined
      ? screen.walkLast
      : isElsewhere
        ? screen.walkNextIn(targetTitle(model, target))
        : "",
    isTyped ? "" : screen.walkEnds,
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

function walkTitle({ part, at }: ScreenWalk, { screen }: ScreenTexts): string {
  return `${screen.walkPart[part.kind]} ${screen.walkAt(at + 1, `${part.messages.length}`)}`;
}

/** Keys while new messages are below the edge of the focused window. */
function readingKeysOf({ model, state, texts }: ViewProps): string | undefined {
  const { editor, overlay, question, selected } = state;
  const isReading = overlay === undefined && question === undefined && selected === undefined;
  const unread = openRoom(model)?.unread ?? 0;
  if (!isReading || editor.text !== "" || unread === 0 || !model.isFocused) return undefined;
  const { spaceReadsOn, nextForYou } = texts.screen;
  return roomList(model).mentions > 0 ? `${spaceReadsOn} · ${nextForYou}` : spaceReadsOn;
}

/** The rail goes when the last new message was seen, and does not come back. */
function isEndRead({ read, seen }: RoomState, messages: NewMessages | undefined): boolean {
  const { last = 0 } = messages ?? {};
  return read >= last || seen.some(({ from, to }) => from <= last && last <= to);
}

/** Words that are marked while the user walks through the results of a search. */
function searchedText({ walk }: ScreenState): string {
  return walk?.part.kind === "results" ? (walk.part.search?.text ?? "") : "";
}

function plainChord(chord: string | undefined): string | undefined {
  return chord === undefined || NOT_PLAIN.test(chord) ? undefined : chord;
}

/** Includes the time only during the countdown to a reconnect. */
function cacheKey(props: ViewProps): readonly unknown[] {
  const { size, status, nowUnixMs, ...others } = props;
  const countdownUnixMs = props.model.connection.kind === "offline" ? nowUnixMs : undefined;
  const { leavesUntilUnixMs = 0 } = props.state;
  return [
    ...[size.columns, size.rows, status.transport, status.roundTripMs, countdownUnixMs],
    nowUnixMs < leavesUntilUnixMs,
    readOnlyText(props),
    ...Object.values(others),
  ];
}

function roomsWidth(columns: number): number {
  if (columns >= 140) return 28;
  if (columns >= 100) return 22;
  return columns >= 80 ? 18 : 16;
}

/** A group's title may name many people. */
const PROMPT_COLUMNS = 24;

/** Why the open room takes no messages of the user. */
function readOnlyText({ model, texts, times, nowUnixMs }: ViewProps): string | undefined {
  if (model.open === undefined) return undefined;
  return readOnlyReason(model, model.open, texts, times, nowUnixMs)?.text;
}

/** Whether the input can show the reason, in whose place a draft or a command would be. */
function isInputFree({ state: { question, overlay, editor } }: ViewProps): boolean {
  return question === undefined && overlay === undefined && editor.text === "";
}

function promptOf({ model, state, texts }: ViewProps): string {
  const { question, overlay } = state;
  if (question !== undefined) return "> ";
  const own = overlay === undefined ? undefined : overlayPrompt(overlay, texts);
  if (own !== undefined) return own;
  const { open } = model;
  if (open === undefined) return "> ";
  const title = cutTo(targetTitle(model, open), PROMPT_COLUMNS);
  return openThreadRoot(model) === undefined ? `${title}> ` : `${title} ↪ `;
}

function noRoomText({ model, texts, isStarting = false }: ViewProps): string {
  const { connection, isCaughtUp, me } = model;
  const isLoading = connection.kind === "online" && me !== undefined && !isCaughtUp;
  if (connection.kind === "connecting") return texts.connecting;
  const isDisconnected = connection.kind === "ended" || connection.kind === "outside";
  return isLoading || (isStarting && !isDisconnected) ? texts.screen.loading : texts.chooseRoom;
}

function emptyText(props: ViewProps): string {
  const { model, texts } = props;
  const { open, me, connection } = model;
  if (me === undefined && connection.kind === "outside") return texts.screen.loggedOut;
  if (open === undefined) {
    const nothing = noRoomText(props);
    return nothing === texts.chooseRoom && model.rooms.size === 0 ? texts.noRooms : nothing;
  }
  if (openRoom(model)?.isCleared === true) return "";
  if (open.startsWith("@")) return texts.screen.emptyPerson(cleanText(open.slice(1)));
  return texts.screen.emptyRoom;
}

function cursorOf({ state, size }: ViewProps, areas: Areas): ScreenFrame["cursor"] {
  const { overlay, question, selected } = state;
  const isCovered = overlay === undefined ? selected !== undefined : !("query" in overlay);
  const isHidden = question === undefined ? isCovered : question.kind === "yes-no";
  if (isHidden) return undefined;
  const { row, column, lines } = areas.input;
  const top = Math.max(1, size.rows) - lines.length;
  return { row: top + row, column };
}

function titleOf(model: Model): string {
  const turn = ownTurn(model);
  if (turn !== undefined) return `✋ ${targetTitle(model, turn.target)}`;
  const { mentions } = roomList(model);
  const targetName = model.open === undefined ? "chat" : targetTitle(model, model.open);
  const server = cleanText(model.server?.name ?? "");
  const windowTitle = server === "" ? targetName : `${targetName} · ${server}`;
  return mentions > 0 ? `(${mentions}) ${windowTitle}` : windowTitle;
}

function filesOf(visibleRows: readonly VisibleRow[]): readonly FileBody[] {
  return visibleRows.flatMap(({ row }) => (row.kind === "item" ? row.item.files : []));
}

function shownRows(
  visibleRows: readonly VisibleRow[],
  options: TimelineOptions,
  cache: TimelineCache,
): ShownRow[] {
  return visibleRows.map(({ row, from, to }) => ({
    row,
    isEndShown: to >= cache.heightOf(options, row.key),
    part: (to - from) / options.height,
  }));
}

function placeOf(visibleRows: readonly VisibleRow[]): ReadingPlace | undefined {
  let lines = 0;
  for (const { row, from, to } of visibleRows) {
    if (row.kind === "item") return { seq: firstItem(row).seq, above: from - lines };
    lines += to - from;
  }
  return undefined;
}

interface InputBox {
  readonly lines: readonly StyledLine[];
  readonly row: number;
  readonly column: number;
  readonly indexAt: (row: number, column: number) => number;
}

/** Maximum prompt width, as a divisor of the screen width. */
const PROMPT_FRACTION = 3;

function inputColumns(prompt: string, columns: number): number {
  return Math.max(2, columns - widthOf(shortPrompt(prompt, columns)));
}

function shortPrompt(prompt: string, columns: number): string {
  const columnsMax = Math.max(0, Math.floor(columns / PROMPT_FRACTION));
  return widthOf(prompt) <= columnsMax
    ? prompt
    : `${cutTo(prompt.trimEnd(), columnsMax - 1)} `.slice(-columnsMax);
}

/** Prompt of a mode, with its keys in place of a text; `undefined` while letters are typed. */
function modeBox({ state, texts, selectionKeys = [] }: ViewProps, columns: number) {
  const { walk, selected, overlay, question } = state;
  const { walkAt, walkKeys, selectPrompt, selectKeys, allActions, answerPrompt } = texts.screen;
  if (question?.kind === "yes-no") return promptBox(answerPrompt, [], columns);
  if (question !== undefined) return undefined;
  if (overlay?.kind === "menu") {
    return promptBox(overlay.detail === undefined ? selectPrompt : answerPrompt, [], columns);
  }
  if (overlay !== undefined) return undefined;
  if (selected !== undefined) {
    const keys = selectionKeys.map(({ command, chord }): PromptKey => {
      return [chord, selectKeys[command] ?? command];
    });
    return promptBox(selectPrompt, keys, columns, ["Enter", allActions]);
  }
  if (walk === undefined || walkedMessage(state) === undefined) return undefined;
  const title =
    columns < ROOMS_FROM_COLUMNS
      ? walkAt(walk.at + 1, `${walk.part.messages.length}`)
      : walkTitle(walk, texts);
  return promptBox(title, walkKeys, columns);
}

type PromptKey = readonly [key: string, text: string];

/** @param last always has its place */
function promptBox(
  title: string,
  keys: readonly PromptKey[],
  columns: number,
  last?: PromptKey,
): InputBox {
  const line: Span[] = [{ text: `${title} ›`, role: "prompt" }];
  const textOf = ([key, text]: PromptKey) => `  ${key} ${text}`;
  const columnsMax = columns - (last === undefined ? 0 : widthOf(textOf(last)));
  const shown: PromptKey[] = [];
  let width = lineWidth(line);
  for (const key of keys) {
    width += widthOf(textOf(key)) - (shown.length === 0 ? 1 : 0);
    if (width > columnsMax) break;
    shown.push(key);
  }
  for (const [i, [key, text]] of [...shown, ...(last === undefined ? [] : [last])].entries()) {
    const before = i === 0 ? " " : "  ";
    line.push({ text: before }, { text: key, role: "prompt" }, { text: ` ${text}` });
  }
  return { lines: [cutLine(line, columns)], row: 0, column: 0, indexAt: () => 0 };
}

interface InputBoxOptions {
  readonly prompt: string;
  readonly editor: Editor;
  readonly columns: number;
  readonly rows: number;
  readonly isSecret: boolean;
  /** Shown in place of an empty text. */
  readonly hint?: string;
}

/**
 * Scrolls to the cursor if the text has more rows than fit.
 * @internal
 */
export function inputBox(options: InputBoxOptions): InputBox {
  const { prompt, editor, columns, rows, isSecret, hint = "" } = options;
  const promptText = shortPrompt(prompt, columns);
  const indent = widthOf(promptText);
  const width = Math.max(2, columns - indent);
  const text = isSecret ? "*".repeat(graphemesOf(editor.text).length) : editor.text;
  const before = editor.text.slice(0, editor.cursor);
  const cursor = isSecret ? graphemesOf(before).length : editor.cursor;
  const lines = visualLines(text, width);
  const at = Math.max(
    0,
    lines.findLastIndex(({ from }) => from <= cursor),
  );
  const top = Math.max(0, Math.min(at - rows + 1, lines.length - rows));
  const visibleLines = lines.slice(top, top + rows).map(({ from, to }, i): StyledLine => {
    const first: Span =
      top + i === 0 ? { text: promptText, role: "prompt" } : { text: " ".repeat(indent) };
    if (text === "") return [first, { text: cutTo(hint, width), role: "dim" }];
    return [first, { text: visibleText(text.slice(from, to), width) }];
  });
  const line = lines[at] ?? { from: 0, to: 0 };
  const column =
    indent + widthOf(graphemesOf(text.slice(line.from, cursor)).map(visibleForm).join(""));
  const indexAt = (row: number, column: number) => {
    const line = Math.max(0, Math.min(top + row, lines.length - 1));
    const index = indexAtCell(text, lines, line, column - indent);
    if (!isSecret) return index;
    return graphemesOf(editor.text).slice(0, index).join("").length;
  };
  return { lines: visibleLines, row: at - top, column: Math.min(column, columns - 1), indexAt };
}

function visibleText(text: string, columns: number): string {
  return cutTo(graphemesOf(text).map(visibleForm).join(""), columns);
}
