/** The first minute of a new server: what its operator does until three people have come. */

import { roomOf } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { LOBBY } from "../../../core/rooms/rooms.ts";
import { Button } from "../shell/button.tsx";
import { useModelValue, usePage } from "../shell/context.tsx";
import { LazyModule } from "../shell/lazy.ts";
import { wallModule } from "../wall/wall-module.ts";
import { FirstStep } from "./first-step.tsx";
import { CreateRoomDialog } from "./room-dialogs.tsx";

/** The steps stay until so many people have come, the operator among them. */
const PEOPLE_MIN = 3;

const importModule = new LazyModule(() => import("../admin/import.tsx"));

/** `undefined` until the server has sent the list. */
function peopleIn(model: Model): number | undefined {
  return roomOf(model, LOBBY)?.members?.length;
}

/** Whether the lobby shows the steps to the user. */
export function useIsFirstMinute(): boolean {
  return useModelValue((model) => model.isOperator && (peopleIn(model) ?? PEOPLE_MIN) < PEOPLE_MIN);
}

export function FirstMinute() {
  const page = usePage();
  const { texts, chat, openDialog, fail } = page;
  const hasPeople = useModelValue((model) => (peopleIn(model) ?? 0) > 1);
  const hasWall = useModelValue(({ rooms }) =>
    [...rooms.values()].some(({ wall }) => wall !== undefined),
  );
  const hasTask = useModelValue(({ rooms }) =>
    [...rooms.values()].some(({ rules }) => rules.post === "private"),
  );
  const addPeople = async () => {
    const { ImportDialog } = await importModule.fetch();
    openDialog(ImportDialog, { asksNames: true, onDone: () => {} });
  };
  const showDoor = async () => {
    const { SteerDialog } = await wallModule.fetch();
    openDialog(SteerDialog, { target: LOBBY });
  };
  const newTask = () =>
    openDialog(CreateRoomDialog, {
      isAssignment: true,
      onOpen: (target: string) => chat.actions.open(target),
    });
  return (
    <>
      <h3>{texts.firstMinute}</h3>
      <ul className="first-steps">
        <FirstStep
          sign={1}
          title={texts.firstClass}
          about={texts.firstClassHint}
          isDone={hasPeople}
        >
          <Button variant={hasPeople ? undefined : "main"} onClick={() => addPeople().catch(fail)}>
            {texts.addPeople}
          </Button>
        </FirstStep>
        <FirstStep sign={2} title={texts.firstDoor} about={texts.firstDoorHint} isDone={hasWall}>
          <Button onClick={() => showDoor().catch(fail)}>{texts.showOnWall}</Button>
        </FirstStep>
        <FirstStep sign={3} title={texts.firstTask} about={texts.firstTaskHint} isDone={hasTask}>
          <Button onClick={newTask}>{texts.newTask}</Button>
        </FirstStep>
      </ul>
    </>
  );
}
