/** Notice about the effect of the operator link. */

import { Announced } from "../shell/announced.tsx";
import { useModelValue, useStart } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";

export function OperatorBanner() {
  const { texts, chat } = useStart();
  const isRefused = useModelValue(() => chat.operatorLink === "refused");
  return (
    <div className={isRefused ? "banner banner-warning" : "banner banner-info"}>
      <Announced kind="notice" as="span">
        {isRefused ? texts.operatorLinkUsed : texts.operatorNow}
      </Announced>
      <IconButton icon="close" label={texts.dismiss} onPress={() => chat.dismissOperatorLink()} />
    </div>
  );
}
