/** Avatar, role and mute of a person. */

import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import { cleanText } from "../../../base/text.ts";
import { NOBODY, type Person } from "../../../core/model/people.ts";
import type { Item, Member, Model } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { isMutedAt, isStatusOver } from "../../../core/rooms/prefs.ts";
import { TIMER_MS_MAX } from "../../../io/clock.ts";
import { authorText } from "../../../ui/text/event-text.ts";
import { initialsOf } from "../../../ui/text/initials.ts";
import { personMarks } from "../../../ui/text/person-marks.ts";
import { personText, type ShownNames } from "../../../ui/text/person-text.ts";
import { placeTitle } from "../../../ui/text/target-text.ts";
import { useModelValue, usePage, useTexts } from "../shell/context.tsx";
import { inkOf } from "../shell/ink.ts";

/** Renders again at this time, if it is in the future. */
function useRenderAt(untilUnixMs: number | undefined): void {
  const [checks, setChecks] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: repeated after each check
  useEffect(() => {
    const remainingMs = (untilUnixMs ?? 0) - Date.now();
    if (remainingMs <= 0) return;
    const delayMs = Math.min(remainingMs, TIMER_MS_MAX);
    const timer = setTimeout(() => setChecks((n) => n + 1), delayMs);
    return () => clearTimeout(timer);
  }, [untilUnixMs, checks]);
}

/**
 * Whether a mute is still in effect, updated at its end.
 * @param untilUnixMs 0 if permanent, `undefined` if not muted
 */
export function useIsMuted(untilUnixMs: number | undefined): boolean {
  useRenderAt(untilUnixMs);
  return isMutedAt(untilUnixMs, Date.now());
}

/** People of the open room. */
export const PeopleContext = createContext(NOBODY);

/** Opens a person's card. */
export const CardContext = createContext<(user: string) => void>(() => undefined);

export function usePerson(name: string): Person {
  const people = useContext(PeopleContext);
  return people.get(name.toLowerCase()) ?? { tint: tintOf(name), role: "member" };
}

/*
 * The page shows people by their display names, which these hooks draw again when they arrive. The
 * account name stands where it is typed, and beside a display name that others could mistake.
 */

/** Returns the person's display name, or the account name. */
export function useShownName(user: string): string {
  return useModelValue((model) => personText(model, user));
}

/** Returns the name of the message's author. */
export function useAuthor(item: Pick<Item, "from" | "imported">): string {
  const texts = useTexts();
  return useModelValue((model) => authorText(item, texts, model));
}

/** For texts with several names. */
export function useNames(): ShownNames & Pick<Model, "me"> {
  const displayNames = useModelValue((model) => model.displayNames);
  const me = useModelValue((model) => model.me);
  return useMemo(() => ({ displayNames, me }), [displayNames, me]);
}

/** Title of a room or conversation. */
export function useTitle(target: string): string {
  const texts = useTexts();
  return useModelValue((model) => placeTitle(model, target, texts));
}

/** The display name beside an account name that is typed, if there is one. */
export function DisplayName({ user }: { readonly user: string }) {
  const shown = useShownName(user);
  return shown === cleanText(user) ? null : (
    <span className="room-note" dir="auto">
      {shown}
    </span>
  );
}

/** Reports whether the name of someone in the open room needs the account name beside it. */
export const AmbiguousContext = createContext<(user: string) => boolean>(() => false);

/** The account name beside a display name that others could mistake. */
export function AccountName({ user }: { readonly user: string }) {
  const isAmbiguous = useContext(AmbiguousContext);
  const shown = useShownName(user);
  return shown === cleanText(user) || !isAmbiguous(user) ? null : (
    <span className="account-name">{cleanText(user)}</span>
  );
}

interface AvatarProps extends Pick<Person, "tint"> {
  readonly name: string;
  /** `undefined` for an imported author, whose name may be that of another person here. */
  readonly user: string | undefined;
}

/**
 * A person's picture on the initials. The style sheet inserts these, so that nobody copies them or
 * hears the name twice.
 */
export function Avatar({ name, user, tint }: AvatarProps) {
  const url = usePicture(user);
  const [brokenUrl, setBroken] = useState<string>();
  /** A browser that shows no pictures loads none. */
  const [loadedUrl, setLoaded] = useState<string>();
  return (
    <span
      className="avatar"
      style={inkOf({ tint })}
      data-initials={initialsOf(name)}
      aria-hidden="true"
    >
      {url === undefined || url === brokenUrl ? null : (
        <img
          src={url}
          alt=""
          decoding="async"
          draggable={false}
          hidden={loadedUrl !== url}
          onLoad={() => setLoaded(url)}
          onError={() => setBroken(url)}
        />
      )}
    </span>
  );
}

/** Faces beside a reaction, an answer or a thread. */
export const FACES_MAX = 3;

/** Small face with the first initial. Two do not fit. */
function Face({ user }: { readonly user: string }) {
  const [first = ""] = initialsOf(useShownName(user));
  return <Avatar name={first} user={user} tint={tintOf(user)} />;
}

export function Faces({ names }: { readonly names: readonly string[] }) {
  return (
    <span className="faces" aria-hidden="true">
      {names.map((name) => (
        <Face key={name} user={name} />
      ))}
    </span>
  );
}

/** @returns the address of the user's picture; `undefined` if there is none or it is not loaded */
export function usePicture(user: string | undefined): string | undefined {
  const { avatars } = usePage().chat;
  const subscribe = useCallback(
    (onChange: () => void) => (user === undefined ? () => {} : avatars.follow(user, onChange)),
    [avatars, user],
  );
  return useSyncExternalStore(subscribe, () => user && avatars.urlOf(user));
}

type Marked = Omit<Person, "tint"> & Pick<Member, "status" | "statusUntil">;

export function useMarks({ mutedUntilUnixMs, ...person }: Marked): readonly string[] {
  const { statusUntil } = person;
  useRenderAt(statusUntil);
  const status = isStatusOver(statusUntil, Date.now()) ? undefined : person.status;
  return personMarks({ ...person, status, isMuted: useIsMuted(mutedUntilUnixMs) }, useTexts());
}

function MarkList({ person }: { readonly person: Marked }) {
  return useMarks(person).map((mark) => (
    <span key={mark} className="role">
      {mark}
    </span>
  ));
}

export function Marks({ person }: { readonly person: Marked }) {
  const { role, isBot, mutedUntilUnixMs } = person;
  const isMarked = role !== "member" || isBot === true || mutedUntilUnixMs !== undefined;
  return isMarked ? <MarkList person={person} /> : null;
}
