"""HunyuanVideo-class editors at full size: their facts, and the prompt that the transformer was aligned with."""

from vireo.models.editors.protocol import EditorFacts
from vireo.models.instructor.prompts import InstructorTemplate

HUNYUAN_FACTS = EditorFacts(
    name="hunyuan",
    frame_size=(720, 1280),
    size_multiple=16,
    window_frames=129,
    temporal_stride=4,
    overlap=2,
    takes_reference=True,
    weights="bfloat16",
    steps=50,
    guidance=2.0,
)
"""Steps and guidance of VIVA, appendix B; size and length are those of HunyuanVideo's pretraining, since VIVA does not
publish its own."""

HUNYUAN_TEMPLATE = InstructorTemplate(
    head="<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n",
    tail="\nDescribe the video by detailing the following aspects according to the reference image: "
    "1. The main content and theme of the video."
    "2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects."
    "3. Actions, events, behaviors temporal relationships, physical movement changes of the objects."
    "4. background environment, light, style and atmosphere."
    "5. camera angles, movements, and transitions used in the video:<|eot_id|>\n\n"
    "<|start_header_id|>user<|end_header_id|>\n\n",
    lead="",
    fold=False,
    closing="<|eot_id|>",
    answer="<|start_header_id|>assistant<|end_header_id|>\n\n",
    layer=-3,
    interleave=2,
    max_length=256 + 2 * 288,
)
"""The prompt that HunyuanVideo-I2V's transformer was aligned with (llava-llama-3-8b)."""
