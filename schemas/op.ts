import { z } from 'zod'
import { InputItems, InputText, type InputItem } from './input-item.ts'
import { turnContextFields } from './turn-context.ts'

const userInputFields = {
  items: InputItems.optional(),
  text: InputText.optional().meta({ description: 'Short for one text item.' }),
}

interface ItemsOrText {
  readonly items?: readonly InputItem[] | undefined
  readonly text?: string | undefined
}

const hasOneOfItemsAndText = (op: ItemsOrText): boolean =>
  (op.items === undefined) !== (op.text === undefined)
const oneOfItemsAndText = 'give either items or text'

const UserInput = z
  .strictObject({
    type: z.literal('user_input'),
    ...userInputFields,
    delivery: z.enum(['steer', 'queue', 'reject']).default('steer').meta({
      description:
        'What to do while a task runs: join it, run after it, or refuse with 409 task_running.',
    }),
  })
  .refine(hasOneOfItemsAndText, oneOfItemsAndText)
  .meta({ id: 'UserInputOp', title: 'user_input', description: 'Takes either items or text.' })

const UserTurn = z
  .strictObject({
    type: z.literal('user_turn'),
    ...userInputFields,
    ...turnContextFields,
    delivery: z
      .enum(['queue', 'reject'])
      .default('queue')
      .meta({ description: 'What to do while a task runs: run after it, or refuse.' }),
  })
  .refine(hasOneOfItemsAndText, oneOfItemsAndText)
  .meta({
    id: 'UserTurnOp',
    title: 'user_turn',
    description: 'Takes either items or text, and settings for this turn only.',
  })

const OverrideTurnContext = z
  .strictObject({ type: z.literal('override_turn_context'), ...turnContextFields })
  .meta({ id: 'OverrideTurnContextOp', title: 'override_turn_context' })

const Interrupt = z
  .strictObject({
    type: z.literal('interrupt'),
    clear_queue: z
      .boolean()
      .default(false)
      .meta({ description: 'Also drop what is queued; each dropped one gets turn_aborted.' }),
  })
  .meta({ id: 'InterruptOp', title: 'interrupt' })

const AddToHistory = z
  .strictObject({ type: z.literal('add_to_history'), text: InputText })
  .meta({ id: 'AddToHistoryOp', title: 'add_to_history' })

const GetHistoryEntryRequest = z
  .strictObject({
    type: z.literal('get_history_entry_request'),
    offset: z.int().min(0),
    log_id: z.int().min(0),
  })
  .meta({ id: 'GetHistoryEntryRequestOp', title: 'get_history_entry_request' })

const GetHistory = z
  .strictObject({ type: z.literal('get_history') })
  .meta({ id: 'GetHistoryOp', title: 'get_history' })

const Shutdown = z
  .strictObject({ type: z.literal('shutdown') })
  .meta({ id: 'ShutdownOp', title: 'shutdown' })

const ops = [
  UserInput,
  UserTurn,
  OverrideTurnContext,
  Interrupt,
  AddToHistory,
  GetHistoryEntryRequest,
  GetHistory,
  Shutdown,
] as const

const supportedTypes = ops.map((op) => op.shape.type.value).join(', ')

/** What a submission asks of a conversation. */
export const Op = z
  .discriminatedUnion('type', ops, { error: `this version supports the types ${supportedTypes}` })
  .meta({
    id: 'Op',
    description: 'What a submission asks of a conversation.',
    examples: [{ type: 'user_input', text: 'Hello' }, { type: 'interrupt' }],
  })
export type Op = z.infer<typeof Op>
export type OpOfType<Type extends Op['type']> = Extract<Op, { type: Type }>

/** The items of an op that carries either `items` or `text`. */
export function itemsOf(op: ItemsOrText): readonly InputItem[] {
  return op.items ?? [{ type: 'text', text: op.text ?? '' }]
}
