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
import { RowBuilder, type Rows } from "../../../core/model/rows.ts";
import { findItem, openRoom, postTarget } from "../../../core/model/selectors.ts";
import type { ComposerDraft, Model, ThreadState } from "../../../core/model/state.ts";
import { withoutSign } from "../../../ui/text/target-text.ts";
import { offsetMinutes } from "../../../ui/text/times.ts";
import { OfferedLines } from "../files/file-frame.tsx";
import { TransferList } from "../files/transfers.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, isTouch, useNarrow, usePage } from "../shell/context.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { useAttached } from "./attached.ts";
import { Composer, type ComposerHandle } from "./composer.tsx";
import type { MessageActions } from "./message-actions.ts";
import { useMessageGestures } from "./message-gestures.ts";
import { useTitle } from "./person.tsx";
import { type CommandContext, runSlashCommand } from "./slash-commands.ts";
import { HiddenRows, IGNORE_MENU, moveFocus, RowView, STICK_PX } from "./timeline.tsx";

function useScroll(list: RefObject<HTMLElement | null>, { rows, shownKey, bottoms }: Rows) {
  const isFollowing = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the user's own posts are at the end
  useLayoutEffect(() => {
    isFollowing.current = true;
  }, [bottoms]);
  useLayoutEffect(() => {
    const shown = shownKey === undefined ? null : list.current?.querySelector(".is-shown");
    shown?.scrollIntoView({ block: "center" });
  }, [list, shownKey]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows change the height
  useLayoutEffect(() => {
    if (isFollowing.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [list, rows]);
  return () => {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = list.current ?? {};
    isFollowing.current = scrollHeight - scrollTop - clientHeight <= STICK_PX;
  };
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
  const onScroll = useScroll(list, rows);
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
