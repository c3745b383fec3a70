import { z } from 'zod'
import { EventErrorCode } from './event.ts'
import { TokenUsage } from './token-usage.ts'

const Seq = z.int().min(0)
const after = Seq.meta({
  description: 'The last seq before the submission took effect: reading from it misses nothing.',
})

/** The acknowledgement of a submission. */
export const SubmissionReceipt = z
  .object({
    submission_id: z.string(),
    outcome: z.enum(['started', 'steered', 'queued', 'applied', 'interrupted', 'idle', 'closing']),
    task_submission_id: z
      .string()
      .optional()
      .meta({ description: 'With `steered`: the submission whose task it joined.' }),
    after,
  })
  .meta({ id: 'SubmissionReceipt' })
export type SubmissionReceipt = z.infer<typeof SubmissionReceipt>

/** How the task of a submission ended. */
export const TaskResult = z
  .object({
    submission_id: z.string(),
    status: z.enum(['completed', 'aborted', 'failed']),
    last_agent_message: z.string().nullable(),
    error: z.object({ code: EventErrorCode, message: z.string() }).nullable(),
    usage: TokenUsage.nullable(),
    after,
    last_seq: Seq.meta({ description: "The seq of the task's last event." }),
  })
  .meta({ id: 'TaskResult' })
export type TaskResult = z.infer<typeof TaskResult>
