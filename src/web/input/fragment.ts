/** Parser for the fragment of the page's address: secrets, tokens and routes. */

import { tryDecodeUri } from "../../base/decode.ts";
import { trimCopied } from "../../wire/invite.ts";

export interface Fragment {
  readonly secret: string | undefined;
  /** Token of the one-use operator link, which also admits a new account. */
  readonly operatorToken: string | undefined;
  readonly resetToken: string | undefined;
  /** Code of a device that is signed in, which this page joins. */
  readonly linkCode: string | undefined;
  /** Drafts that come along with the code from another address of the server. */
  readonly drafts: string | undefined;
  readonly shareSecret: string | undefined;
  readonly localToken: string | undefined;
}

/**
 * Parses `#operator=TOKEN` and `#invite=SECRET` of `serve`, `#reset=TOKEN` of `chat admin reset`,
 * `#link=CODE` of another device, `#link=CODE&drafts=JSON` of another address, `#share=SECRET` of
 * `chat share`, and `#TOKEN` or `#TOKEN&invite=SECRET` of `chat web`.
 */
export function readFragment(fragment: string, isLocal: boolean): Fragment {
  const text = trimCopied(fragment.replace(/^#/, ""));
  const nothing = {
    secret: undefined,
    operatorToken: undefined,
    resetToken: undefined,
    linkCode: undefined,
    drafts: undefined,
    shareSecret: undefined,
    localToken: undefined,
  };
  if (isLocal) {
    const [token = "", secret = ""] = text.split("&invite=");
    return { ...nothing, localToken: decoded(token), secret: decoded(secret) };
  }
  const [, name, value] = /^(operator|invite|reset|share|link)=(.+)$/s.exec(text) ?? [];
  const secret = decoded(value ?? text);
  if (name === "share") return { ...nothing, shareSecret: secret };
  if (name === "link") {
    const [code = "", drafts = ""] = (value ?? "").split("&drafts=");
    return { ...nothing, linkCode: decoded(code), drafts: decoded(drafts) };
  }
  if (name === "reset") return { ...nothing, resetToken: secret };
  return { ...nothing, secret, operatorToken: name === "operator" ? secret : undefined };
}

function decoded(text: string): string | undefined {
  return text === "" ? undefined : tryDecodeUri(text);
}
