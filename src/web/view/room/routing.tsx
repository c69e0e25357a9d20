/** Synchronises the address bar, the history and the open room. */

import { type RefObject, useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import { isSameName, itemAt } from "../../../core/model/item.ts";
import { placeKey } from "../../../core/model/places.ts";
import { openRoom, roomOf } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import type { PageClient } from "../../driver/page-client.ts";
import { restorePlaces, storePlaces } from "../../driver/tab-places.ts";
import { attempt } from "../../input/attempt.ts";
import { helpOf, readHelpRoute } from "../../input/help-view.ts";
import type { Layers } from "../../input/layers.ts";
import {
  formatRoute,
  isRouteHash,
  type PageRoute,
  readRoute,
  serverTag,
} from "../../input/route.ts";
import { readDoorRoute, readWallRoute } from "../../input/wall-route.ts";
import { NARROW, usePage } from "../shell/context.tsx";
import { combined, listen } from "../shell/effects.ts";
import { JoinDialog } from "./room-dialogs.tsx";

export interface RoutingProps {
  readonly model: Model;
  readonly onOpen: (target: string) => void;
  readonly onJump: (target: string, seq: number) => void;
}

function routeOf(model: Model): PageRoute | undefined {
  const { open } = model;
  return open === undefined ? undefined : { target: open, seq: openRoom(model)?.jumpSeq };
}

function hashOf(model: Model): string | undefined {
  const route = routeOf(model);
  return route === undefined ? undefined : formatRoute(route);
}

function rewrite({ model }: PageClient, layers: Layers): void {
  const hash = hashOf(model) ?? "";
  if (location.hash !== hash) layers.replace(hash === "" ? location.pathname : hash);
}

function firstTarget({ rooms }: Model): string | undefined {
  const all = [...rooms.values()].filter(({ kind }) => kind === "room");
  return (all.find(({ name }) => isSameName(name, "lobby")) ?? all[0])?.target;
}

function isReachable({ model }: PageClient, { target }: PageRoute): boolean {
  if (!target.startsWith("@")) return roomOf(model, target) !== undefined;
  return !isSameName(target.slice(1), model.me);
}

function useMissingMessageNotice(model: Model): void {
  const { chat, texts, fail } = usePage();
  const room = openRoom(model);
  const { jumpSeq: linkedSeq, loading } = room ?? {};
  const isFound =
    linkedSeq === undefined ||
    loading !== undefined ||
    itemAt((room?.jump ?? room?.tail)?.items ?? [], linkedSeq) !== undefined;
  useEffect(() => {
    if (isFound) return;
    fail(texts.messageNotFound);
    chat.actions.scrollToBottom();
  }, [isFound, chat, texts, fail]);
}

/**
 * Returns the route of the address. A tab that reloads, or is restored, shows where its user was
 * reading: a link shows its message only once.
 */
function startRoute({ model }: PageClient): PageRoute | undefined {
  const route = readRoute(location.hash);
  const room = route && roomOf(model, route.target);
  const [entry] = attempt(() => performance.getEntriesByType("navigation")) ?? [];
  const { type = "navigate" } = (entry ?? {}) as Partial<PerformanceNavigationTiming>;
  const hasPlace = room !== undefined && model.places.has(placeKey(room.id));
  return route && hasPlace && type !== "navigate" ? { ...route, seq: undefined } : route;
}

type Navigation = Pick<RoutingProps, "onOpen" | "onJump">;

function useFollow(navigation: RefObject<Navigation>): (route: PageRoute) => void {
  const { chat, layers, texts, fail, openDialog } = usePage();
  return useCallback(
    (route) => {
      const { target, seq } = route;
      const current = routeOf(chat.model);
      const goTo = (to: string) =>
        seq === undefined ? navigation.current.onOpen(to) : navigation.current.onJump(to, seq);
      const tag = serverTag(chat.model.server?.fingerprint ?? "");
      if ((route.server ?? tag) !== tag) fail(texts.linkElsewhere);
      else if (isReachable(chat, route)) {
        const isBack =
          current !== undefined && isSameName(current.target, target) && current.seq !== undefined;
        if (seq === undefined && isBack) chat.actions.scrollToBottom();
        else if (current?.seq !== seq || !isSameName(current?.target, target)) goTo(target);
      } else if (!target.startsWith("@")) {
        // A link must not join a room without the user's consent, so it only opens a filled form.
        openDialog(JoinDialog, { onOpen: goTo, room: target });
      }
      rewrite(chat, layers);
    },
    [chat, layers, texts, fail, openDialog, navigation],
  );
}

function useHistory(model: Model, isStarted: RefObject<boolean>): void {
  const { chat, layers } = usePage();
  const lastHash = useRef<string>(undefined);
  const rendered = hashOf(model);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs after a change of the open room
  useEffect(() => {
    if (!isStarted.current) return;
    // The user may have left the rendered room by Back or Forward before this effect runs.
    const target = chat.model.open;
    const hash = hashOf(chat.model);
    const before = lastHash.current;
    lastHash.current = hash;
    if (hash === location.hash) return;
    // Closing a linked message or a room adds no entry to the history.
    const replacesEntry =
      hash === undefined || (target !== undefined && before?.startsWith(`#/${target}/`));
    // On a phone, Back leads from each room to the list.
    const isNarrow = matchMedia(NARROW).matches;
    if (before === undefined || replacesEntry === true || isNarrow) rewrite(chat, layers);
    else layers.push(hash);
  }, [chat, layers, rendered, isStarted]);
}

/** Stores the places whenever they change, and when the page closes. */
function usePlaces(): void {
  const { chat } = usePage();
  useEffect(() => {
    let stored = chat.model.places;
    const store = () => {
      if (chat.model.me === undefined || chat.model.places === stored) return;
      stored = chat.model.places;
      storePlaces(chat);
    };
    // Phones can end hidden pages without a `pagehide` event.
    const keep = () => chat.actions.keepPlace();
    return combined(
      chat.store.subscribe(store),
      listen(window, "pagehide", keep),
      listen(document, "visibilitychange", keep),
    );
  }, [chat]);
}

export function useRouting({ model, onOpen, onJump }: RoutingProps): void {
  const page = usePage();
  const { chat, layers } = page;
  const help = helpOf(page);
  const isStarted = useRef(false);
  const navigation = useRef<Navigation>({ onOpen, onJump });
  navigation.current = { onOpen, onJump };
  const follow = useFollow(navigation);
  const { isCaughtUp, open } = model;
  const first = firstTarget(model);
  useEffect(() => {
    if (isStarted.current || !isCaughtUp) return;
    restorePlaces(chat);
    const route = startRoute(chat);
    const helpRoute = readHelpRoute(location.hash);
    if (open === undefined && first === undefined && route === undefined) return;
    isStarted.current = true;
    // The user may have opened a room, and be typing there.
    if (open === undefined && route !== undefined) follow(route);
    if (chat.model.open === undefined && first !== undefined) {
      // A phone keeps the list in front of it.
      const isBehindList = route === undefined && matchMedia(NARROW).matches;
      if (isBehindList) chat.actions.open(first);
      else navigation.current.onOpen(first);
    }
    rewrite(chat, layers);
    // Opening a room closes the help.
    if (helpRoute !== undefined) help.follow(helpRoute);
  }, [chat, layers, help, isCaughtUp, open, first, follow]);
  usePlaces();
  useMissingMessageNotice(model);
  useHistory(model, isStarted);
  useEffect(() => {
    const onAddressChange = () => {
      const { hash } = location;
      // The wall and the door replace the rooms.
      if (readWallRoute(hash) !== undefined || readDoorRoute(hash) !== undefined) return;
      if (!isStarted.current || (hash !== "" && !isRouteHash(hash))) return;
      const linked = readRoute(hash);
      const helpRoute = readHelpRoute(hash);
      if (helpRoute !== undefined) help.follow(helpRoute);
      if (linked === undefined) rewrite(chat, layers);
      else follow(linked);
    };
    return listen(window, "popstate hashchange", onAddressChange);
  }, [chat, layers, help, follow]);
}

const onRoute = (onChange: () => void) => listen(window, "popstate hashchange", onChange);

/** Returns the room whose wall the address opens. */
export function useWallRoute(): string | undefined {
  return useSyncExternalStore(onRoute, () => readWallRoute(location.hash));
}

/** Returns the room whose door the address opens. */
export function useDoorRoute(): string | undefined {
  return useSyncExternalStore(onRoute, () => readDoorRoute(location.hash));
}
