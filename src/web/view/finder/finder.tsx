/** The field that finds anything: people, rooms, messages, files, actions, settings and help. */

import { type KeyboardEvent, useLayoutEffect, useMemo, useRef, useState } from "react";
import { shownSeq } from "../../../core/model/item.ts";
import { roomOf } from "../../../core/model/selectors.ts";
import { placeTitle, withoutSign } from "../../../ui/text/target-text.ts";
import { helpOf } from "../../input/help-view.ts";
import { fileActions } from "../files/files.tsx";
import { PersonCard } from "../room/person-card.tsx";
import { AskDialog, JoinDialog, RoomDetailsDialog } from "../room/room-dialogs.tsx";
import { AnnouncementRegions } from "../shell/announced.tsx";
import { FaultLine, useLayer, useNarrow, useOnline, usePage } from "../shell/context.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { SettingsDialog } from "../shell/settings-dialog.tsx";
import { Toasts } from "../shell/toasts.tsx";
import finderSheet from "./finder.css" with { type: "file" };
import { completedTexts, FinderChips } from "./finder-chips.tsx";
import {
  Foot,
  HereNow,
  isNearEnd,
  NoneHead,
  Results,
  SkeletonRows,
  Words,
} from "./finder-parts.tsx";
import { type FoundRowProps, KeyHint, switchOf } from "./finder-row.tsx";
import { FinderTextsContext, finderTexts, useFinderTexts } from "./finder-texts.ts";
import { FoundFoot, walkSheet } from "./found-foot.tsx";
import {
  type ListedGroup,
  useEntries,
  useFound,
  useLater,
  useSources,
  useWarmMessages,
} from "./hooks.ts";
import { useDialog, useLastOpened, useNone, useSpoken } from "./none.ts";
import { hasPreview } from "./preview.tsx";
import { ROWS_PER_PAGE } from "./results.ts";
import type { FoundRow } from "./rows.ts";
import { askedOf, isSameQuery } from "./search.ts";
import { type DoneAct, type FinderProps, type FinderView, useFinder } from "./store.ts";

export { FoundFoot };
export const finderSheets = [finderSheet, walkSheet];

const SKELETON_DELAY_MS = 600;
const PAGE_ROWS = 8;

export function FinderPanel(props: FinderProps) {
  const { texts } = usePage();
  const own = finderTexts(texts.lang);
  return (
    <FinderTextsContext value={own}>
      <OpenFinder {...props} />
    </FinderTextsContext>
  );
}

function OpenFinder(props: FinderProps) {
  const { onOpen, onJump } = props;
  const page = usePage();
  const { chat, texts, openDialog, fail, change } = page;
  const own = useFinderTexts();
  const [store, { open = {} }] = useFinder();
  const [left] = useState(() => (open.resumes === true ? store.left : undefined));
  const [view, setView] = useState<FinderView>(() => ({
    text: open.text ?? left?.text ?? "",
    group: open.group ?? left?.group,
    target: open.target ?? left?.target,
  }));
  const [at, setAt] = useState(left?.at ?? 0);
  const [choice, setChoice] = useState(0);
  const [pages, setPages] = useState(
    left === undefined ? 1 : Math.ceil((left.at + 1) / ROWS_PER_PAGE),
  );
  /** Row whose preview is open. */
  const [preview, setPreview] = useState<string>();
  const isNarrow = useNarrow();
  const isConnected = useOnline();
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const sources = useSources(props);
  useWarmMessages();
  const { entries, fault: listFault } = useEntries(sources);
  const { model } = chat;
  const asked = useMemo(() => {
    const next = askedOf(view, chat.model.open);
    const known = chat.model.search?.query;
    const isKnown = next.query !== undefined && isSameQuery(next.query, known);
    return isKnown ? { ...next, query: known } : next;
  }, [view, chat]);
  const found = useFound(asked, sources, entries, pages);
  const isBlank = asked.text === "" && asked.group === undefined && !asked.hasFilters;
  const none = useNone(asked, found, sources, () => closeForGood(), onOpen);
  const last = useLastOpened(sources, isBlank && view.target === undefined);
  const isStart = isBlank && view.target === undefined;
  const listed: readonly ListedGroup[] = isStart ? last : none.length > 0 ? none : found.listed;
  const shown = { listed, rows: listed.flatMap((group) => group.rows) };
  const chosen = shown.rows[Math.min(at, shown.rows.length - 1)];
  const position = chosen === undefined ? -1 : shown.rows.indexOf(chosen);

  const show = (next: Partial<FinderView>) => {
    setView((before) => ({ ...before, ...next }));
    setAt(0);
    setChoice(0);
    setPages(1);
    setPreview(undefined);
    if (list.current !== null) list.current.scrollTop = 0;
  };
  const close = () => {
    store.set({ open: undefined });
  };
  const closeForGood = () => {
    if (chat.model.search?.query === asked.query) chat.actions.search(undefined);
    close();
  };
  const isFiltered = view.group !== undefined || view.target !== undefined;
  const steps = Number(isFiltered) + Number(view.text !== "");
  const stepBack = () => {
    if (isFiltered) show({ group: undefined, target: undefined });
    else show({ text: "" });
    field.current?.focus();
  };
  useLayer(closeForGood, true, { isCover: isNarrow });
  // On a phone, Back takes the same steps as Escape.
  useLayer(stepBack, isNarrow && steps >= 1);
  useLayer(stepBack, isNarrow && steps >= 2);
  useDialog(dialog, field, isNarrow, closeForGood);
  useLayoutEffect(() => {
    if (left !== undefined && list.current !== null) list.current.scrollTop = left.scrollTop;
  }, [left]);

  /** Draws more rows, and asks the server for more when those that are known come to an end. */
  const more = () => {
    const [alone] = asked.group === undefined ? [] : found.groups;
    const known = alone?.rows.length ?? 0;
    if (pages * ROWS_PER_PAGE < known) setPages(pages + 1);
    const { search } = found;
    const hasMore = search?.hasMore === true && !search.isLoading && search.fault === undefined;
    if (hasMore && (pages + 1) * ROWS_PER_PAGE >= known) chat.actions.searchMore();
  };
  // A list that fits into the window is never scrolled.
  useLayoutEffect(() => {
    if (list.current !== null && asked.group !== undefined && isNearEnd(list.current)) more();
  });
  const go = (act: () => void) => {
    const { text } = asked;
    if (text !== "") store.addRecent(view.text.trim());
    closeForGood();
    act();
  };
  const finish = (done: DoneAct | undefined) => {
    if (done !== undefined) store.finish(done);
  };
  const walkTo = (row: Extract<FoundRow, { kind: "messages" }>) => {
    const group = found.groups.find(({ kind }) => kind === "messages");
    const messages = (group?.rows ?? []).flatMap((one) =>
      one.kind === "messages" ? [one.found] : [],
    );
    const { query } = asked;
    const { found: hit } = row;
    store.addRecent(view.text.trim());
    store.leave({ ...view, at: position, scrollTop: list.current?.scrollTop ?? 0 });
    if (query !== undefined) {
      const count = own.count(group?.count ?? messages.length, group?.hasMore ?? false);
      store.set({ walk: { query, messages, at: messages.indexOf(hit), count } });
    }
    close();
    onJump(hit.target, shownSeq(hit.item));
  };
  const join = (row: Extract<FoundRow, { kind: "rooms" }>) => {
    const { entry, target: room } = row;
    if (entry?.approval === true) return go(() => openDialog(AskDialog, { entry, onOpen }));
    if (entry?.locked === true)
      return go(() => openDialog(JoinDialog, { onOpen, room, isLocked: true }));
    chat.actions.join(room).then((name) => go(() => onOpen(name)), fail);
  };
  const run = (row: FoundRowProps | undefined, choiceAt = choice) => {
    switch (row?.kind) {
      case "people":
        return go(() => onOpen(row.target));
      case "rooms":
        if (row.entry !== undefined) return join(row);
        return go(() => {
          onOpen(row.target);
          if (row.root !== undefined) chat.actions.openThread(row.root);
        });
      case "messages":
        return walkTo(row);
      case "files": {
        const { open: view, save } = fileActions(page, row.item, row.file);
        return (view ?? save)?.();
      }
      case "actions": {
        const way = row.choices[choiceAt] ?? row.choices[0];
        return go(() => finish(way.run()));
      }
      case "settings": {
        const { setting, part } = row;
        const isOn = switchOf(row, page.settings);
        if (isOn !== undefined && setting !== undefined) {
          const others = setting === "pictures" ? { otherPictures: [] } : {};
          return change({ [setting]: !isOn, ...others });
        }
        return go(() => openDialog(SettingsDialog, { part }));
      }
      case "help":
        return go(() => helpOf(page).open({ question: row.entry.id }));
      case "recent":
        return show({ text: row.text });
      case "suggestion":
        if (row.view !== undefined) return show(row.view);
        return row.run?.();
      default:
        return undefined;
    }
  };
  const runSecond = (row: FoundRowProps | undefined) => {
    if (row?.kind === "people")
      return go(() => openDialog(PersonCard, { user: row.target.slice(1) }));
    if (row?.kind === "rooms" && roomOf(model, row.target)?.kind === "room")
      return go(() => openDialog(RoomDetailsDialog, { target: row.target }));
    if (row?.kind === "settings") return go(() => openDialog(SettingsDialog, { part: row.part }));
    if (row === undefined || !hasPreview(row)) return run(row);
    setPreview(preview === row.id ? undefined : row.id);
    scrollToChosen();
  };
  const scrollToChosen = () =>
    requestAnimationFrame(() =>
      list.current?.querySelector(".is-at")?.scrollIntoView({ block: "nearest" }),
    );
  const choose = (next: number) => {
    const max = shown.rows.length - 1;
    if (max < 0) return;
    const chosenAt = Math.max(0, Math.min(next, max));
    if (next > max) more();
    setAt(chosenAt);
    setChoice(0);
    scrollToChosen();
  };
  const narrow = (row: FoundRowProps | undefined) => {
    if (row === undefined || row.kind === "recent" || row.kind === "suggestion") return false;
    show({ group: row.kind });
    return true;
  };
  const [completed] = completedTexts(view.text, model);
  const onKeyDown = (event: KeyboardEvent) => {
    const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
    const isControl = ctrlKey || metaKey;
    if (event.defaultPrevented || altKey) return;
    const handled = (act: () => void) => {
      event.preventDefault();
      event.stopPropagation();
      act();
    };
    const letter = key.toLowerCase();
    if (isControl && letter === "k" && !shiftKey) return handled(closeForGood);
    if (isControl && letter === "f" && shiftKey)
      return handled(() => show({ target: chat.model.open }));
    const isMenuOpen = dialog.current?.querySelector(".menu") !== null;
    if (key === "Escape" && !isNarrow && steps > 0 && !isMenuOpen) return handled(stepBack);
    if (event.target !== field.current) return;
    const choices = chosen?.kind === "actions" ? chosen.choices.length : 0;
    const isCaretAtEnd = field.current.selectionStart === field.current.value.length;
    switch (key) {
      case "ArrowDown":
      case "ArrowUp":
        if (isControl || shiftKey) return;
        return handled(() => choose(position + (key === "ArrowDown" ? 1 : -1)));
      case "PageDown":
      case "PageUp":
        return handled(() => choose(position + (key === "PageDown" ? PAGE_ROWS : -PAGE_ROWS)));
      case "Home":
      case "End":
        if (isControl || shiftKey) return;
        return handled(() => choose(key === "Home" ? 0 : shown.rows.length - 1));
      case "ArrowRight":
      case "ArrowLeft": {
        if (choices < 2 || !isCaretAtEnd || isControl || shiftKey) return;
        const isForward = (key === "ArrowRight") !== (document.dir === "rtl");
        return handled(() => setChoice((choice + (isForward ? 1 : choices - 1)) % choices));
      }
      case "Enter":
        return handled(() => (isControl ? runSecond(chosen) : run(chosen)));
      case "Tab":
        if (shiftKey) {
          if (isFiltered) handled(() => show({ group: undefined, target: undefined }));
          return;
        }
        if (completed !== undefined) return handled(() => show({ text: completed }));
        if (view.group === undefined && narrow(chosen)) handled(() => undefined);
        return;
      default:
        return;
    }
  };
  const isSearching = useLater(found.isPending ? view.text : "", SKELETON_DELAY_MS) !== "";
  useSpoken(isBlank ? undefined : found, none);
  const hasSealed = [...model.rooms.values()].some(({ isSealed }) => isSealed);
  const titleOf = (target: string) => withoutSign(target, placeTitle(model, target, texts));
  return (
    <dialog
      ref={dialog}
      className={isConnected ? "finder board" : "finder board is-off"}
      aria-label={texts.findAnything}
      onKeyDown={onKeyDown}
      onCancel={(event) => event.preventDefault()}
      data-narrow={isNarrow || undefined}
    >
      <div className="finder-top">
        {isNarrow ? <IconButton icon="back" label={own.back} onPress={closeForGood} /> : null}
        <span className="finder-field">
          <Icon name="search" />
          <input
            ref={field}
            type="text"
            role="combobox"
            aria-label={texts.findAnything}
            aria-haspopup="grid"
            aria-expanded={shown.rows.length > 0}
            aria-controls="finder-results"
            aria-autocomplete="list"
            aria-activedescendant={position < 0 ? undefined : `finder-row-${position}`}
            autoComplete="off"
            autoCapitalize="off"
            enterKeyHint="go"
            spellCheck="false"
            placeholder={
              view.target === undefined ? texts.findAnything : own.inRoom(titleOf(view.target))
            }
            value={view.text}
            onChange={(event) => show({ text: event.target.value })}
          />
          {view.text === "" ? (
            isNarrow ? null : (
              <span className="finder-hint" aria-hidden="true">
                <KeyHint keys="Ctrl K" label="" />
              </span>
            )
          ) : (
            <IconButton
              icon="close"
              label={own.clear}
              onPress={() => {
                show({ text: "" });
                field.current?.focus();
              }}
            />
          )}
        </span>
      </div>
      {isBlank && isNarrow && view.target === undefined ? null : (
        <FinderChips
          view={view}
          group={asked.group}
          groups={found.groups}
          isBlank={isBlank}
          titleOf={titleOf}
          onChange={(next) => {
            show(next);
            field.current?.focus();
          }}
        />
      )}
      <Results
        list={list}
        listed={listed}
        position={position}
        choice={choice}
        preview={preview}
        query={asked.text}
        whys={found.whys}
        onRun={run}
        onAll={(group) => show({ group })}
        onMore={more}
        before={
          isBlank && view.target === undefined ? (
            <HereNow onOpen={(target) => go(() => onOpen(target))} />
          ) : none.length > 0 ? (
            <NoneHead
              asked={asked}
              hasSuggestions={none.some(({ rows }) =>
                rows.some((row) => row.kind === "suggestion" && row.view !== undefined),
              )}
            />
          ) : null
        }
      >
        {isSearching ? <SkeletonRows /> : null}
        {isBlank && view.target === undefined ? (
          <Words onChoose={(text) => show({ text })} />
        ) : null}
        <FaultLine
          fault={
            asked.fault ?? found.search?.fault ?? (asked.group === "rooms" ? listFault : undefined)
          }
        />
        {isConnected ? null : (
          <p className="finder-note">
            <Icon name="info" />
            {own.offline(isNarrow)}
          </p>
        )}
        {hasSealed && asked.query !== undefined ? (
          <p className="finder-note">
            <Icon name="lock" />
            {texts.searchSealed}
          </p>
        ) : null}
      </Results>
      {isNarrow ? null : <Foot row={chosen} isFiltered={isFiltered} hasText={view.text !== ""} />}
      <Toasts level="dialog" />
      <AnnouncementRegions />
    </dialog>
  );
}
