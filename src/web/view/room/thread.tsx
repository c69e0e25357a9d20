/** The open thread: a message, the replies to it, and a composer. */

import {
  type KeyboardEvent,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { placeKey } from "../../../core/model/places.ts";
import {
  type Row,
  RowBuilder,
  type Rows,
  rowOfPlace,
  visibleSpan,
} from "../../../core/model/rows.ts";
import { findItem, openRoom, postTarget } from "../../../core/model/selectors.ts";
import type { ComposerDraft, Model, ThreadState } from "../../../core/model/state.ts";
import { withoutSign } from "../../../ui/text/target-text.ts";
import { offsetMinutes } from "../../../ui/text/times.ts";
import { OfferedLines } from "../files/file-frame.tsx";
import { TransferList } from "../files/transfers.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, isTouch, useModelValue, useNarrow, usePage } from "../shell/context.tsx";
import { observeSizes } from "../shell/effects.ts";
import { Icon, IconButton } from "../shell/icons.tsx";
import { upperEdgeShift } from "../shell/row-list.tsx";
import { useAttached } from "./attached.ts";
import { Composer, type ComposerHandle } from "./composer.tsx";
import type { MessageActions } from "./message-actions.ts";
import { useMessageGestures } from "./message-gestures.ts";
import { useTitle } from "./person.tsx";
import { type CommandContext, runSlashCommand } from "./slash-commands.ts";
import {
  HiddenRows,
  IGNORE_MENU,
  LINE_AT,
  moveFocus,
  placeIn,
  RowView,
  STICK_PX,
} from "./timeline.tsx";

/** Opens the thread at its first new reply or where it was left, and reports what is visible. */
function useScroll(list: RefObject<HTMLElement | null>, root: number, all: Rows) {
  const { rows, shownKey, bottoms, loading } = all;
  const { chat } = usePage();
  const isFocused = useModelValue((model) => model.isFocused);
  const isFollowing = useRef(true);
  /** Root of the thread whose first place was found. */
  const placed = useRef<number>(undefined);
  const box = useRef<DOMRect>(undefined);
  const report = useCallback(() => {
    const shown = list.current === null ? [] : shownRows(list.current, rows);
    const visible = visibleSpan(shown);
    chat.actions.setVisibleReplies(visible && { ...visible, isFollowing: isFollowing.current });
    const [first] = shown;
    const room = openRoom(chat.model);
    if (placed.current !== root || first === undefined || room === undefined) return;
    const place = placeIn(rows, rows.indexOf(first.row), (i) => topIn(list.current, i));
    chat.actions.setPlace(placeKey(room.id, root), isFollowing.current ? undefined : place);
  }, [chat, list, rows, root]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the user's own posts are at the end
  useLayoutEffect(() => {
    isFollowing.current = true;
  }, [bottoms]);
  useLayoutEffect(() => {
    const shown = shownKey === undefined ? null : list.current?.querySelector(".is-shown");
    shown?.scrollIntoView({ block: "center" });
  }, [list, shownKey]);
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const isPlaced = placed.current === root;
    const line = isPlaced ? null : element.querySelector("[data-unread]");
    const key = isPlaced || line !== null ? "" : placeKey(openRoom(chat.model)?.id ?? "", root);
    const start = rowOfPlace(rows, chat.model.places.get(key));
    if (start !== undefined) {
      element.scrollTop += (topIn(element, start.index) ?? 0) + start.above;
      isFollowing.current = isAtEnd(element);
    } else if (line === null && isFollowing.current)
      element.scrollTo({ top: element.scrollHeight });
    else if (line !== null) {
      const fromTop = line.getBoundingClientRect().top - element.getBoundingClientRect().top;
      element.scrollTop += fromTop - element.clientHeight * LINE_AT;
      isFollowing.current = isAtEnd(element);
    }
    if (loading === undefined && rows.length > 0) placed.current = root;
  }, [chat, list, rows, root, loading]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with the focus, reading begins
  useEffect(report, [report, isFocused]);
  useEffect(() => {
    const { current } = list;
    if (current === null) return undefined;
    return observeSizes([current], () => {
      const now = current.getBoundingClientRect();
      current.scrollTop += upperEdgeShift(box.current, now);
      box.current = now;
      report();
    });
  }, [list, report]);
  useEffect(() => {
    return () => {
      chat.actions.setVisibleReplies(undefined);
      chat.actions.keepPlace();
    };
  }, [chat]);
  return () => {
    isFollowing.current = list.current !== null && isAtEnd(list.current);
    report();
  };
}

function isAtEnd({ scrollHeight, scrollTop, clientHeight }: HTMLElement): boolean {
  return scrollHeight - scrollTop - clientHeight <= STICK_PX;
}

function cellsOf(list: HTMLElement): Element[] {
  return [...list.querySelectorAll(":scope > .list-cell")];
}

/** Distance of a row from the upper edge of the list. */
function topIn(list: HTMLElement | null, index: number): number | undefined {
  const rect = list === null ? undefined : cellsOf(list)[index]?.getBoundingClientRect();
  return list === null || rect === undefined
    ? undefined
    : rect.top - list.getBoundingClientRect().top;
}

function shownRows(list: HTMLElement, rows: readonly Row[]) {
  const { top, bottom } = list.getBoundingClientRect();
  const cells = cellsOf(list);
  return rows.flatMap((row, i) => {
    const rect = cells[i]?.getBoundingClientRect();
    if (rect === undefined || rect.bottom <= top) return [];
    const part = (Math.min(rect.bottom, bottom) - Math.max(rect.top, top)) / (bottom - top);
    return [{ row, isEndShown: rect.bottom <= bottom + 1, part }];
  });
}

export interface ThreadProps extends CloseProps {
  readonly model: Model;
  readonly thread: ThreadState;
  readonly isReadOnly: boolean;
  readonly actions: MessageActions;
  readonly composer: RefObject<ComposerHandle | null>;
  readonly context: Omit<CommandContext, "target">;
}

export function ThreadView(props: ThreadProps) {
  const { model, thread, isReadOnly, composer, context, onClose } = props;
  const { root } = thread;
  const page = usePage();
  const { chat, texts } = page;
  const [rowBuilder] = useState(() => new RowBuilder());
  const rows = rowBuilder.rowsOf(model, offsetMinutes, true, true);
  const actions = useMemo(
    () => ({ ...props.actions, receiptSeq: undefined, reply: () => composer.current?.focus() }),
    [props.actions, composer],
  );
  const list = useRef<HTMLDivElement>(null);
  const listContent = useCallback(() => list.current, []);
  const mark = useRef<HTMLElement>(null);
  useMessageGestures(list, mark, rows.rows, isReadOnly ? undefined : actions.reply);
  const onScroll = useScroll(list, root, rows);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each thread has its own composer
  useEffect(() => {
    if (!isTouch()) composer.current?.focus();
  }, [root, composer]);
  const isNarrow = useNarrow();
  const title = useTitle(model.open ?? "");
  const { follows } = model;
  const isFollowed = follows?.get(root)?.on === true;
  const target = postTarget(model, actions.target);
  const { attached, isDragging } = useAttached(target, root, !isReadOnly, () => {
    composer.current?.focus();
  });
  const lastOwn = useCallback(
    () => openRoom(chat.model)?.thread?.items.findLast((item) => item.isMine && item.text !== ""),
    [chat],
  );
  const itemOf = useCallback((seq: number) => findItem(chat.model, seq), [chat]);
  const onCommand = useCallback(
    (text: string, draft: ComposerDraft, isAlso: boolean) =>
      runSlashCommand(page, { ...context, target, thread: root, isAlso }, text, draft),
    [page, context, target, root],
  );
  return (
    <>
      <div className="side-head">
        {isNarrow ? <IconButton icon="back" label={texts.close} onPress={onClose} /> : null}
        <h2>
          {texts.thread} <span className="side-note">{withoutSign(model.open, title)}</span>
        </h2>
        {follows === undefined ? null : (
          <Button
            variant="small quiet"
            aria-pressed={isFollowed}
            title={isFollowed ? texts.unfollow : undefined}
            onClick={() =>
              chat.store.reportFailure(chat.actions.follow(actions.target, root, !isFollowed))
            }
          >
            <Icon name="bell" />
            {isFollowed ? texts.following : texts.follow}
          </Button>
        )}
        {isNarrow ? null : <IconButton icon="close" label={texts.close} onPress={onClose} />}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a list of messages is no fieldset */}
      <div
        ref={list}
        className="list thread-rows"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move between messages
        tabIndex={0}
        role="group"
        aria-label={texts.thread}
        onKeyDown={(event: KeyboardEvent<HTMLElement>) => moveFocus(event)}
        onScroll={onScroll}
      >
        {rows.hasOlder ? (
          <Button
            variant="wide"
            disabled={rows.loading !== undefined}
            onClick={() => chat.actions.loadOlderReplies()}
          >
            {texts.olderReplies}
          </Button>
        ) : null}
        {rows.rows.map((row) => (
          <div key={row.key} className="list-cell" data-key={row.key}>
            <RowView
              row={row}
              actions={actions}
              isJumpTarget={row.key === rows.shownKey}
              onMenu={IGNORE_MENU}
            />
          </div>
        ))}
      </div>
      <HiddenRows rows={rows.rows} actions={actions} content={listContent} isPrinted={false} />
      <OfferedLines model={model} root={root} />
      {isNarrow && model.transfers.size > 0 ? <TransferList /> : null}
      {isReadOnly ? null : (
        <Composer
          key={`${target} ${root}`}
          ref={composer}
          target={target}
          thread={root}
          isSealed={openRoom(model)?.isSealed === true}
          itemOf={itemOf}
          lastOwn={lastOwn}
          onCommand={onCommand}
          attached={attached}
        />
      )}
      {isDragging ? <div className="drop-over">{texts.dropInThread}</div> : null}
    </>
  );
}
