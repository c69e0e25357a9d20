/** Facts of the board's wall, in the view model of the page's wall. */

import { HOUR_MS } from "../../../base/time.ts";
import type { Account, Registry } from "../../../core/rooms/accounts.ts";
import { LOBBY, type Room, type Rooms } from "../../../core/rooms/rooms.ts";
import { namesOf, sentWall } from "../../../core/rooms/wall.ts";
import { type WallRoom, WIDE_SCREEN, wallView } from "../../../ui/wall/wall-view.ts";
import type { WallState } from "../../../wire/messages.ts";
import { workIn } from "./facts.ts";
import { HERE_NAMES_MAX, type WallFacts, type WorkFacts } from "./state.ts";
import type { WallPolls } from "./wall-polls.ts";

/** People of a room who may vote. More are not counted each second. */
const MEMBERS_MAX = 2_000;

export interface WallFactsSource {
  readonly rooms: Pick<Rooms, "named" | "boxesOf">;
  readonly registry: Pick<Registry, "get" | "nameOf" | "policy">;
  /** People who are connected, the last who came first. */
  readonly here: readonly Account[];
  readonly polls: Pick<WallPolls, "newest"> | undefined;
  /** Assignments of the rooms that a wall shows. */
  readonly work: readonly WorkFacts[];
  /** Whether this screen shows no names, whatever moderators have chosen. */
  readonly hidesNames: boolean;
  readonly unixMs: number;
}

/** Work in the rooms that a wall shows. */
export function wallWork(
  { rooms, registry }: Pick<WallFactsSource, "rooms" | "registry">,
  unixMs: number,
): readonly WorkFacts[] {
  const isLed = ledRooms(registry);
  const named = () => [...rooms.named()].filter(isLed);
  return workIn({ named, boxesOf: (room) => rooms.boxesOf(room) }, unixMs);
}

/** The view of what is live in the rooms, with the hands of the room that has most of them. */
export function wallFacts(source: WallFactsSource): WallFacts {
  const { rooms, registry, here, polls, hidesNames, unixMs } = source;
  const isLed = ledRooms(registry);
  const live = [...rooms.named()].filter(isLed).sort((a, b) => rankOf(b) - rankOf(a));
  const [lesson] = live;
  const poll = polls?.newest(unixMs, (room, by) => {
    const author = by as Account["id"];
    return isLed(room) && (room.moderators.has(author) || registry.policy.isOperator(author));
  });
  const room = poll?.room ?? lesson;
  const displayNames = new Map<string, string>();
  const nameOf = (id: Account["id"]): string => {
    const { name = registry.nameOf(id) ?? "?", displayName } = registry.get(id) ?? {};
    if (displayName !== undefined) displayNames.set(name.toLowerCase(), displayName);
    return name;
  };
  const hands = [...(lesson?.hands ?? [])].map(nameOf);
  const called = lesson?.called === undefined ? undefined : nameOf(lesson.called);
  const arrivals = here.slice(0, HERE_NAMES_MAX).map(({ id }) => nameOf(id));
  const steered: WallState | undefined = room?.wall ?? lesson?.wall;
  const hidden = hidesNames || (steered !== undefined && namesOf(steered) === "none");
  const state: WallState = {
    scene: "lesson",
    ...steered,
    ...live.find((one) => one.wall?.lengthMs !== undefined)?.wall,
    names: hidden ? "none" : "first",
  };
  const wall = sentWall(state, unixMs, (id) => registry.get(id) && nameOf(id));
  const shown: WallRoom = {
    name: room?.name ?? "",
    hands,
    called,
    members: room === undefined ? [] : membersOf(room, registry, nameOf),
    isClosed: false,
    isSealed: false,
    people: undefined,
  };
  const model = { ignored: new Set<string>(), displayNames };
  const rest = { poll: poll?.poll, arrivals, work: undefined, screen: WIDE_SCREEN, unixMs };
  return {
    view: wallView({ model, room: shown, wall, ...rest }),
    work: source.work.filter(({ newestUnixMs }) => newestUnixMs > unixMs - HOUR_MS),
  };
}

/**
 * Anybody may create a room, and would then decide what a projector shows. On a server with
 * operators, only rooms that one of them has made or moderates are shown.
 */
function ledRooms({ policy }: Pick<Registry, "policy">): (room: Room) => boolean {
  return ({ name, isOfficial, isPrivate, isClosed, isSealed, moderators }) => {
    if (isPrivate === true || isClosed || isSealed === true) return false;
    if (!policy.hasOperator || isOfficial === true || name === LOBBY) return true;
    return [...moderators].some((id) => policy.isOperator(id));
  };
}

function rankOf({ called, hands, wall }: Room): number {
  const hasWall = Number(wall !== undefined);
  return (called === undefined ? 0 : 1_000_000) + hands.size * 10 + hasWall;
}

function membersOf(
  { members, moderators }: Room,
  registry: WallFactsSource["registry"],
  nameOf: (id: Account["id"]) => string,
) {
  return [...members]
    .slice(0, MEMBERS_MAX)
    .map((id) => ({
      name: nameOf(id),
      isOnline: false,
      role: moderators.has(id) ? "moderator" : "member",
      isBot: registry.get(id)?.isBot,
    }));
}
