import { z } from 'zod'

/** When the agent asks before it runs a command. */
export const ApprovalPolicy = z
  .enum(['untrusted', 'on-failure', 'on-request', 'never'])
  .meta({ id: 'ApprovalPolicy', description: 'When the agent asks before it runs a command.' })
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>

/** What the agent's commands may touch. `mode` tells the variants apart. */
export const SandboxPolicy = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('danger-full-access') }),
    z.strictObject({ mode: z.literal('read-only') }),
    z.strictObject({
      mode: z.literal('workspace-write'),
      writable_roots: z.array(z.string().startsWith('/')).max(64).optional(),
      network_access: z.boolean().optional(),
      exclude_tmpdir_env_var: z.boolean().optional(),
      exclude_slash_tmp: z.boolean().optional(),
    }),
  ])
  .meta({ id: 'SandboxPolicy', description: "What the agent's commands may touch." })
export type SandboxPolicy = z.infer<typeof SandboxPolicy>

/** How much the model thinks before it answers, where it supports that. */
export const ReasoningEffort = z
  .enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh'])
  .meta({ id: 'ReasoningEffort', description: 'How much the model thinks before it answers.' })
export type ReasoningEffort = z.infer<typeof ReasoningEffort>

/** How the model's reasoning is summarised; `none` asks for no summary. */
export const ReasoningSummary = z
  .enum(['auto', 'concise', 'detailed', 'none'])
  .meta({ id: 'ReasoningSummary', description: "How the model's reasoning is summarised." })
export type ReasoningSummary = z.infer<typeof ReasoningSummary>
