import { z } from 'zod'

const nonBlank = (text: string): boolean => text.trim() !== ''

/** Text a person or program says to the agent; never blank. */
export const InputText = z
  .string()
  .refine(nonBlank, 'must not be blank')
  .meta({ description: 'Not blank.' })

const TextItem = z
  .strictObject({ type: z.literal('text'), text: InputText })
  .meta({ id: 'TextItem', title: 'text' })

const ImageItem = z
  .strictObject({
    type: z.literal('image'),
    image_url: z
      .string()
      .regex(/^(https?:\/\/\S+|data:\S+)$/i, 'must be an http(s) or data: URL')
      .meta({ description: 'An http(s) or `data:` URL.' }),
  })
  .meta({ id: 'ImageItem', title: 'image' })

/** One piece of a user's message. */
export const InputItem = z
  .discriminatedUnion('type', [TextItem, ImageItem], {
    error: 'this version supports items of the types text and image',
  })
  .meta({ id: 'InputItem', description: "One piece of a user's message." })
export type InputItem = z.infer<typeof InputItem>

/** A user's message: at least one item. */
export const InputItems = z.array(InputItem).min(1).max(256)
