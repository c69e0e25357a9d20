/** Parts of a room's door, on the wall and on paper: address, QR code and the step after it. */

import { inviteAddresses } from "../../input/invite-addresses.ts";
import { formatRoute } from "../../input/route.ts";
import { type PageValue, usePage } from "../shell/context.tsx";
import { Qr } from "../shell/qr.tsx";
import { useWallTexts } from "./use-wall.ts";

/**
 * Address for newcomers, with `https:`, because a browser otherwise tries http, which the port does
 * not answer; `undefined` if this page knows only an address of this computer itself.
 */
export function doorOrigin({ chat }: PageValue): string | undefined {
  const isRelayed = document.documentElement.dataset["local"] !== undefined;
  const [best] = inviteAddresses(location, chat.addresses, isRelayed);
  return best?.isLoopback === false ? best.origin : undefined;
}

export function OriginText({ origin }: { readonly origin: string }) {
  const [scheme = "", host = ""] = origin.split("//");
  return (
    <bdi dir="ltr">
      <span className="wall-scheme">{`${scheme}//`}</span>
      <span className="wall-host">{host}</span>
    </bdi>
  );
}

export function DoorQr({ origin, room }: { readonly origin: string; readonly room: string }) {
  const texts = useWallTexts();
  return (
    <div className="wall-door-card">
      <Qr text={`${origin}/${formatRoute({ target: room, seq: undefined })}`} label={texts.qr} />
    </div>
  );
}

/** Returns the step of a newcomer once the address is open. */
export function useNextStep(): string {
  const texts = useWallTexts();
  const { needsRoomPassword = false, isClosed = false } = usePage().chat.model.server ?? {};
  return needsRoomPassword ? texts.password : isClosed ? texts.signIn : texts.enter;
}
