/** Changes how a room is displayed. The page loads it with its rooms. */

import type { ProfileChange } from "../core/rooms/profiles.ts";
import { sealedTitle } from "../core/rooms/titles.ts";
import type { Answer } from "../wire/messages.ts";
import { type Actions, bareTarget } from "./actions.ts";
import type { SendRequest } from "./link/queries.ts";

interface ProfileClient {
  readonly actions: Pick<Actions, "sealedRoomAt">;
  readonly request: SendRequest;
}

/**
 * Empty texts and the colour 0 remove what they name.
 * @returns the display name and face as the server has stored them, and the seq of the record
 */
export async function setProfile(
  { actions, request }: ProfileClient,
  room: string,
  change: ProfileChange,
): Promise<Answer<"profile">> {
  const hasTitle = change.title !== undefined && change.title !== "";
  if (hasTitle && actions.sealedRoomAt(room) !== undefined) throw sealedTitle();
  return await request("profile", { room: bareTarget(room), ...change });
}
