import { z } from 'zod'
import { ApprovalPolicy, ReasoningEffort, ReasoningSummary, SandboxPolicy } from './policies.ts'

/** An absolute directory path; that it exists is checked when it is used. */
export const WorkingDirectory = z
  .string()
  .startsWith('/')
  .max(4096)
  .refine((path) => !path.includes('\0'), 'must not contain NUL')
  .meta({ description: 'An absolute path of a directory that exists.' })

export const ModelName = z.string().trim().min(1).max(200)

/** What a turn may change for itself, or `override_turn_context` for later turns. */
export const turnContextFields = {
  cwd: WorkingDirectory.optional(),
  approval_policy: ApprovalPolicy.optional(),
  sandbox_policy: SandboxPolicy.optional(),
  model: ModelName.optional(),
  effort: ReasoningEffort.optional(),
  summary: ReasoningSummary.optional(),
}

const TurnContextOverrides = z.object(turnContextFields)
export type TurnContextOverrides = z.infer<typeof TurnContextOverrides>

/** The settings one turn runs under: what the session was configured with and every override since. */
export interface TurnContext {
  readonly cwd: string
  readonly approval_policy: ApprovalPolicy
  readonly sandbox_policy: SandboxPolicy
  readonly model: string
  readonly effort?: ReasoningEffort | undefined
  readonly summary?: ReasoningSummary | undefined
}
