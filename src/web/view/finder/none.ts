/** Hooks of the finder: what it shows without results, and how it stands on the page. */

import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { isSameName } from "../../../core/model/item.ts";
import { placeTitle, withoutSign } from "../../../ui/text/target-text.ts";
import { JoinDialog } from "../room/room-dialogs.tsx";
import { useAnnouncer } from "../shell/announced.tsx";
import { useOnline, usePage } from "../shell/context.tsx";
import { combined, listen } from "../shell/effects.ts";
import type { FoundRowProps } from "./finder-row.tsx";
import { useFinderTexts } from "./finder-texts.ts";
import { type Found, type ListedGroup, useLater } from "./hooks.ts";
import { answerRows, type FoundRow } from "./rows.ts";
import { type Asked, askedOf, findLocally, type Sources } from "./search.ts";
import { type FinderView, useFinder } from "./store.ts";
import { isRoomName, suggestions } from "./suggestions.ts";

const LAST_SHOWN = 5;
const ANNOUNCE_DELAY_MS = 500;

/** The places that the user would most likely open, and the last searches. */
export function useLastOpened({ rows }: Sources, isNeeded: boolean): readonly ListedGroup[] {
  const { chat } = usePage();
  const own = useFinderTexts();
  const [store] = useFinder();
  return useMemo(() => {
    if (!isNeeded) return [];
    const { open, rooms } = chat.model;
    const known = new Set([...rooms.values()].map(({ target }) => target.toLowerCase()));
    const isOpened = (row: FoundRow) =>
      (row.kind === "rooms" || row.kind === "people") &&
      (known.has(row.target.toLowerCase()) || row.kind === "rooms") &&
      !isSameName(row.target, open);
    const recent = store.recent.map(
      (text) => ({ kind: "recent", id: `recent ${text}`, text }) as const,
    );
    const places = rows.filter(isOpened).slice(0, LAST_SHOWN);
    const [first, ...others] = places;
    const listed: readonly FoundRowProps[] = [
      ...(first === undefined ? [] : [first]),
      ...recent,
      ...others,
    ];
    if (listed.length === 0) return [];
    return [{ key: "last", title: own.lastOpened, kind: undefined, rows: listed, all: undefined }];
  }, [isNeeded, chat, own, rows, store.recent]);
}

/** Queries that would find something, once nothing was found. */
export function useNone(
  asked: Asked,
  { groups, isPending, search }: Found,
  sources: Sources,
  onClose: () => void,
  onOpen: (target: string) => void,
): readonly ListedGroup[] {
  const page = usePage();
  const { chat, texts, openDialog } = page;
  const own = useFinderTexts();
  const isConnected = useOnline();
  const latest = useRef({ onClose, onOpen });
  latest.current = { onClose, onOpen };
  const { text, hasFilters, group } = asked;
  const isNone =
    groups.length === 0 && !isPending && search?.fault === undefined && (text !== "" || hasFilters);
  return useMemo(() => {
    if (!isNone) return [];
    const { model } = chat;
    const { open } = model;
    const titleOf = (target: string) => withoutSign(target, placeTitle(model, target, texts));
    const countOf = (view: FinderView) => {
      const next = findLocally(askedOf(view, open), sources, undefined, model, false);
      const count = (kind: string) => next.groups.find((one) => one.kind === kind)?.count ?? 0;
      const all = next.groups.reduce((sum, one) => sum + one.count, 0);
      return { messages: count("messages"), files: count("files"), others: all };
    };
    const { rows, finder } = sources;
    const view = { ...asked, text: asked.typed.trim() };
    const found = suggestions({ view, text: view.text, rows, finder, countOf, titleOf, own });
    const base = {
      kind: "suggestion",
      omitted: "",
      corrected: "",
      count: "",
      view: undefined,
    } as const;
    const ways: FoundRowProps[] = [...found];
    if ((group === undefined || group === "rooms") && isConnected && isRoomName(text)) {
      const room = text.replace(/^#/, "");
      const run = () => {
        latest.current.onClose();
        openDialog(JoinDialog, { room, onOpen: latest.current.onOpen });
      };
      ways.push({
        ...base,
        id: "join",
        title: texts.joinRoom(`#${room}`),
        about: "",
        icon: "hash",
        run,
      });
    }
    if (open !== undefined && group === undefined) {
      const run = () => {
        const { text: before = "" } = model.drafts.get(open) ?? {};
        chat.actions.setDraft(open, { text: before === "" ? text : `${before} ${text}` });
        latest.current.onClose();
        requestAnimationFrame(() =>
          document.querySelector<HTMLElement>(".main .composer textarea")?.focus(),
        );
      };
      const title = own.askIn(titleOf(open));
      ways.push({ ...base, id: "ask", title, about: own.asks(text), icon: "edit", run });
    }
    ways.push(...answerRows(texts, text).slice(0, 1));
    return [{ key: "none", title: "", kind: undefined, rows: ways, all: undefined }];
  }, [isNone, isConnected, asked, group, text, sources, chat, texts, own, openDialog]);
}

/** Shows the dialog: over the whole phone, or beside the page, which stays in use. */
export function useDialog(
  dialog: RefObject<HTMLDialogElement | null>,
  field: RefObject<HTMLInputElement | null>,
  isNarrow: boolean,
  onClose: () => void,
): void {
  const latest = useRef(onClose);
  latest.current = onClose;
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    if (isNarrow) element.showModal();
    else {
      const box = document.querySelector(".find-box")?.getBoundingClientRect();
      if (box !== undefined && box.height > 0)
        element.style.setProperty("--finder-top", `${Math.max(0, box.top - 8)}px`);
      element.show();
    }
    field.current?.focus({ preventScroll: true });
    field.current?.select();
    return () => element.close();
  }, [dialog, field, isNarrow]);
  useEffect(() => {
    if (isNarrow) return;
    const onPointerDown = ({ target }: PointerEvent) => {
      if (!(target instanceof Element) || target.closest("dialog, .toasts") !== null) return;
      latest.current();
    };
    return combined(listen(document, "pointerdown", onPointerDown));
  }, [isNarrow]);
}

/** Announces the number of results when the keys rest. */
export function useSpoken(found: Found | undefined, none: readonly ListedGroup[]): void {
  const own = useFinderTexts();
  const announcer = useAnnouncer();
  const source = useRef({});
  const groups = found?.groups ?? [];
  const all = groups.reduce((sum, { count }) => sum + count, 0);
  const hasMore = groups.some((group) => group.hasMore);
  const names = groups.map(
    ({ kind, count, hasMore: more }) => `${own.groups[kind]} ${own.count(count, more)}`,
  );
  const text =
    found === undefined || found.isPending
      ? ""
      : none.length > 0
        ? own.foundNone
        : own.found(own.count(all, hasMore), names.join(", "));
  const rested = useLater(text, ANNOUNCE_DELAY_MS);
  useEffect(() => {
    if (rested !== "") announcer.announce("result", rested, source.current);
  }, [rested, announcer]);
}
