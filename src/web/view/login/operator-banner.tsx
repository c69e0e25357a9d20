/** Offer of the operator link to an account that was signed in before, and the link's effect. */

import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { useModelValue, useStart } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";

export function OperatorBanner() {
  const { texts, chat } = useStart();
  const state = useModelValue(() => chat.operatorLink);
  const me = useModelValue(() => chat.model.me ?? "");
  const sentence = {
    offered: texts.operatorOffered(me),
    granted: texts.operatorNow,
    refused: texts.operatorLinkUsed,
  }[state ?? "granted"];
  return (
    <div className={state === "refused" ? "banner banner-warning" : "banner banner-info"}>
      <Announced kind="notice" as="span">
        {sentence}
      </Announced>
      {state === "offered" ? (
        <Button onClick={() => chat.acceptOperatorLink()}>{texts.operatorAccept(me)}</Button>
      ) : null}
      <IconButton icon="close" label={texts.dismiss} onPress={() => chat.dismissOperatorLink()} />
    </div>
  );
}
