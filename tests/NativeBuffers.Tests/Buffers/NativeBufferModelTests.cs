using System.Diagnostics.CodeAnalysis;
using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Random programs run on a buffer and on an array; they must agree after every step.</summary>
[CorrectProgram]
public class NativeBufferModelTests
{
    public static TheoryData<string> Allocators => ["Default", "Malloc", "Pages", "PinnedHeap", "HGlobal", "CoTaskMem", "Aligned(64)", "Aligned(4096)"];

    [Theory]
    [MemberData(nameof(Allocators))]
    public void A_buffer_does_as_an_array_does(string allocator)
    {
        NativeAllocator chosen = Named(allocator);
        Prop.ForAll(BufferStep.Programs, program => Agree(program, chosen)).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(60));
    }

    [Fact]
    public void A_disagreement_would_be_seen() =>
        Assert.ThrowsAny<Exception>(
            () => Prop.ForAll(BufferStep.Programs, static program => !program.OfType<BufferStep.Resize>().Any()).Check(Config.QuickThrowOnFailure));

    private static NativeAllocator Named(string name) => name switch
    {
        "Default" => NativeAllocator.Default,
        "Malloc" => NativeAllocator.Malloc,
        "Pages" => NativeAllocator.Pages,
        "PinnedHeap" => NativeAllocator.PinnedHeap,
        "HGlobal" => NativeAllocator.HGlobal,
        "CoTaskMem" => NativeAllocator.CoTaskMem,
        "Aligned(64)" => NativeAllocator.Aligned(64),
        _ => NativeAllocator.Aligned(4096),
    };

    private static bool Agree(BufferStep[] program, NativeAllocator allocator)
    {
        var real = NativeBuffer.Create<int>(10, allocator);
        int[] model = new int[10];
        try
        {
            foreach (BufferStep step in program)
            {
                Apply(step, ref real, ref model, allocator);
                if (!real.AsSpan().SequenceEqual(model) || real.Length != model.Length || real.IsDisposed)
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            real.Dispose();
        }
    }

    [SuppressMessage("Ownership", "NB0005", Justification = "The model takes a stale copy on purpose.")]
    private static void Apply(BufferStep step, ref NativeBuffer<int> real, ref int[] model, NativeAllocator allocator)
    {
        switch (step)
        {
            case BufferStep.Write write when model.Length > 0:
                int index = write.Index % model.Length;
                real[index] = write.Value;
                model[index] = write.Value;
                break;
            case BufferStep.Fill fill:
                real.Fill(fill.Value);
                Array.Fill(model, fill.Value);
                break;
            case BufferStep.Clear:
                real.Clear();
                Array.Clear(model);
                break;
            case BufferStep.Resize resize:
                real.Resize(resize.Length);
                Array.Resize(ref model, resize.Length);
                break;
            case BufferStep.Move:
                NativeBuffer<int> moved = real.Move();
                Assert.True(real.IsEmpty);
                real.Dispose();
                real = moved.Move();
                break;
            case BufferStep.CopyRange copy when model.Length > 0:
                int from = copy.From % model.Length;
                int to = copy.To % model.Length;
                int length = int.Min(copy.Length, model.Length - int.Max(from, to));
                real.AsSpan(from, length).CopyTo(real.AsSpan(to));
                model.AsSpan(from, length).CopyTo(model.AsSpan(to));
                break;
            case BufferStep.Disturb disturb:
                using (var other = NativeBuffer.CreateUninitialized<int>(disturb.Length, allocator))
                {
                    other.Fill(-77);
                }

                break;
            case BufferStep.DisposeStaleCopy:
                NativeBuffer<int> stale = real;
                real = real.Move();
                stale.Dispose();
                break;
        }
    }
}
