/** Notices about the operator link: its effect, expiry and removal. */

import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { useModelValue, useStart, useTask } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";

export function OperatorLinkNotice() {
  const { texts, chat } = useStart();
  const task = useTask();
  const endOperatorRole = async () => {
    await chat.forgetOperatorLink();
    location.reload();
  };
  return (
    <>
      <span>{texts.operatorByLink}</span>
      <Button disabled={task.isBusy} onClick={() => task.run(endOperatorRole)}>
        {texts.operatorEnd}
      </Button>
    </>
  );
}

export function OperatorBanner() {
  const { texts, chat } = useStart();
  const isLost = useModelValue(() => chat.hasLostOperatorLink);
  return (
    <div className={isLost ? "banner banner-warning" : "banner banner-info"}>
      <details>
        <Announced kind="notice" as="summary">
          {isLost ? texts.operatorNoLonger : texts.operatorNow}
        </Announced>
        {isLost ? <span>{texts.operatorLinkLost}</span> : <OperatorLinkNotice />}
      </details>
      <IconButton icon="close" label={texts.dismiss} onPress={() => chat.dismissOperatorLink()} />
    </div>
  );
}
