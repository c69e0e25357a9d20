import { type RefObject, useCallback, useEffect, useRef } from "react";
import { isSame, itemAt } from "../../../core/model/item.ts";
import { openRoom, roomOf } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import type { Chat } from "../../driver/chat.ts";
import { formatRoute, isRouteHash, type Route, readRoute } from "../../input/route.ts";
import { usePage } from "../shell/context.tsx";
import { JoinDialog } from "../shell/lazy.tsx";

export interface RoutingProps {
  readonly model: Model;
  readonly onOpen: (target: string) => void;
  readonly onJump: (target: string, seq: number) => void;
}

/** What is shown now: the open room, and the message that the user went to there. */
function routeOf(model: Model): Route | undefined {
  const { open } = model;
  return open === undefined ? undefined : { target: open, seq: openRoom(model)?.shown };
}

/** Into the place of the present address: no entry of the history. */
function rewrite(route: Route | undefined): void {
  const hash = route === undefined ? "" : formatRoute(route);
  if (location.hash !== hash)
    history.replaceState(null, "", hash === "" ? location.pathname : hash);
}

/** An address without a room opens the lobby, or the first room there is. */
function firstTarget({ rooms }: Model): string | undefined {
  const all = [...rooms.values()].filter(({ kind }) => kind === "room");
  return (all.find(({ name }) => isSame(name, "lobby")) ?? all[0])?.target;
}

/** @returns whether it can be shown at once: one's own room, or any other person */
function isReachable({ model }: Chat, { target }: Route): boolean {
  if (!target.startsWith("@")) return roomOf(model, target) !== undefined;
  return !isSame(target.slice(1), model.me);
}

/** A link may name a message that is not there: of another room, or never written. */
function useGone(model: Model): void {
  const { chat, texts, fail } = usePage();
  const room = openRoom(model);
  const { shown, loading } = room ?? {};
  const isHere =
    shown === undefined ||
    loading !== undefined ||
    itemAt((room?.jump ?? room?.tail)?.items ?? [], shown) !== undefined;
  useEffect(() => {
    if (isHere) return;
    fail(texts.messageGone);
    chat.bottom();
  }, [isHere, chat, texts, fail]);
}

type Ways = Pick<RoutingProps, "onOpen" | "onJump">;

/** Goes where an address leads; it says afterwards what is shown, which may be something else. */
function useFollow(ways: RefObject<Ways>): (route: Route) => void {
  const { chat, show } = usePage();
  return useCallback(
    (route) => {
      const { target, seq } = route;
      const now = routeOf(chat.model);
      const goTo = (to: string) =>
        seq === undefined ? ways.current.onOpen(to) : ways.current.onJump(to, seq);
      if (isReachable(chat, route)) {
        const isBack = now !== undefined && isSame(now.target, target) && now.seq !== undefined;
        if (seq === undefined && isBack) chat.bottom();
        else if (now?.seq !== seq || !isSame(now?.target, target)) goTo(target);
      } else if (!target.startsWith("@")) {
        // A link alone joins no room: it only fills in the form.
        show((close) => <JoinDialog onClose={close} onOpen={goTo} room={target} />);
      }
      rewrite(routeOf(chat.model));
    },
    [chat, show, ways],
  );
}

/** Each room or message that the user goes to is an entry of the browser's history. */
function useHistory(model: Model, isBegun: RefObject<boolean>): void {
  const { chat } = usePage();
  const shown = useRef<string>(undefined);
  const route = routeOf(model);
  const hash = route === undefined ? undefined : formatRoute(route);
  const target = route?.target;
  useEffect(() => {
    if (!isBegun.current) return;
    const before = shown.current;
    shown.current = hash;
    if (hash === location.hash) return;
    // Only the message was left, or the room: that is no other place.
    const isOver =
      hash === undefined || (target !== undefined && before?.startsWith(`#/${target}/`));
    if (before === undefined || isOver === true) rewrite(routeOf(chat.model));
    else history.pushState(null, "", hash);
  }, [chat, hash, target, isBegun]);
}

/**
 * Rooms and messages have addresses: Back leads to the place before, and a reload or a link opens
 * it again.
 */
export function useRouting({ model, onOpen, onJump }: RoutingProps): void {
  const { chat } = usePage();
  const isBegun = useRef(false);
  const ways = useRef<Ways>({ onOpen, onJump });
  ways.current = { onOpen, onJump };
  const follow = useFollow(ways);
  const { isCaughtUp, open } = model;
  const first = firstTarget(model);
  useEffect(() => {
    if (isBegun.current || !isCaughtUp) return;
    const route = readRoute(location.hash);
    if (open === undefined && first === undefined && route === undefined) return;
    isBegun.current = true;
    if (route !== undefined) follow(route);
    if (chat.model.open === undefined && first !== undefined) ways.current.onOpen(first);
    rewrite(routeOf(chat.model));
  }, [chat, isCaughtUp, open, first, follow]);
  useGone(model);
  useHistory(model, isBegun);
  useEffect(() => {
    const hear = () => {
      const { hash } = location;
      // What may be a secret is taken out of the address elsewhere, before anything else.
      if (!isBegun.current || (hash !== "" && !isRouteHash(hash))) return;
      const wanted = readRoute(hash);
      if (wanted === undefined) rewrite(routeOf(chat.model));
      else follow(wanted);
    };
    addEventListener("popstate", hear);
    addEventListener("hashchange", hear);
    return () => {
      removeEventListener("popstate", hear);
      removeEventListener("hashchange", hear);
    };
  }, [chat, follow]);
}
