using System.Buffers;
using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Lists;

/// <summary>Random programs run on a native list and on a plain one; they must agree after every step.</summary>
[Slow]
[CorrectProgram]
public class NativeListModelTests
{
    /// <summary>The most elements of either list: a block that the caches keep has at most 65,536.</summary>
    private const int Most = 100_000;

    [Theory]
    [InlineData("Default")]
    [InlineData("Malloc")]
    [InlineData("Pages")]
    [InlineData("Recording")]
    public void A_native_list_does_as_a_list_does(string allocator) =>
        Prop.ForAll(ListStep.Programs, program => Agree(program, allocator, Most))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(60));

    [Fact]
    public void A_native_list_does_as_a_list_does_beyond_the_border_of_whole_pages() =>
        Prop.ForAll(ListStep.LargePrograms, static program => Agree(program, "Default", 20 << 20))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(3).WithEndSize(12));

    [Fact]
    public void A_disagreement_would_be_seen() =>
        Assert.ThrowsAny<Exception>(
            static () => Prop.ForAll(
                ListStep.Programs,
                static program =>
                {
                    using NativeList<int> real = [];
                    return program.All(step => Apply(step, real, [], Most) && real.Count < 100);
                }).Check(Config.QuickThrowOnFailure));

    private static bool Agree(ListStep[] program, string name, int most)
    {
        RecordingAllocator? recording = name == "Recording" ? new() : null;
        NativeAllocator allocator = name switch
        {
            "Malloc" => NativeAllocator.Malloc,
            "Pages" => NativeAllocator.Pages,
            "Recording" => recording!,
            _ => NativeAllocator.Default,
        };
        NativeList<int> real = new(0, allocator);
        List<int> model = [];
        try
        {
            foreach (ListStep step in program)
            {
                if (step.Kind == ListStep.What.ToOwner)
                {
                    using NativeMemoryOwner<int> owner = real.ToOwner();
                    Assert.True(owner.GetSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(model)));
                    Assert.True(real.IsDisposed);
                    real.Dispose();
                    real = new NativeList<int>(step.Length, allocator);
                    real.AddRange(owner.GetSpan());
                    continue;
                }

                if (!Apply(step, real, model, most) || !IsSame(real, model))
                {
                    return false;
                }
            }
        }
        finally
        {
            real.Dispose();
        }

        recording?.AssertAllFreed();
        return true;
    }

    private static bool IsSame(NativeList<int> real, List<int> model) =>
        real.Count == model.Count
        && real.Capacity >= real.LongCount
        && real.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(model));

    private static bool Apply(ListStep step, NativeList<int> real, List<int> model, int most)
    {
        int count = model.Count;
        int place = step.At(count);
        int here = int.Min(step.Length, count - place);
        bool hasRoom = count + step.Length < most;
        switch (step.Kind)
        {
            case ListStep.What.Add:
                real.Add(step.Value);
                model.Add(step.Value);
                break;
            case ListStep.What.AddRange when hasRoom:
                real.AddRange(step.Items().AsSpan());
                model.AddRange(step.Items());
                break;
            case ListStep.What.AddEnumerable when hasRoom:
                real.AddRange((IEnumerable<int>)step.Items());
                model.AddRange(step.Items());
                break;
            case ListStep.What.AddSelf when hasRoom:
                real.AddRange(real.AsSpan(place, here));
                model.AddRange(model.GetRange(place, here));
                break;
            case ListStep.What.Insert:
                real.Insert(place, step.Value);
                model.Insert(place, step.Value);
                break;
            case ListStep.What.InsertRange when hasRoom:
                real.InsertRange(place, step.Items());
                model.InsertRange(place, step.Items());
                break;
            case ListStep.What.InsertSelf when hasRoom:
                real.InsertRange(count / 2, real.AsSpan(place, here));
                model.InsertRange(count / 2, model.GetRange(place, here));
                break;
            case ListStep.What.Set when count > 0:
                real[place] = step.Value;
                model[place] = step.Value;
                break;
            case ListStep.What.RemoveAt when count > 0:
                real.RemoveAt(place);
                model.RemoveAt(place);
                break;
            case ListStep.What.RemoveRange:
                real.RemoveRange(place, here);
                model.RemoveRange(place, here);
                break;
            case ListStep.What.Remove:
                return real.Remove(step.Value) == model.Remove(step.Value);
            case ListStep.What.Clear when step.Value % 4 == 0:
                real.Clear();
                model.Clear();
                break;
            case ListStep.What.Resize:
                real.Resize(step.Length);
                model.RemoveRange(int.Min(step.Length, count), int.Max(count - step.Length, 0));
                model.AddRange(new int[step.Length - model.Count]);
                break;
            case ListStep.What.EnsureCapacity:
                return real.EnsureCapacity(step.Length) >= step.Length;
            case ListStep.What.TrimExcess:
                real.TrimExcess();
                break;
            case ListStep.What.Write when hasRoom:
                step.Items().CopyTo(real.GetSpan(step.Length));
                real.Advance(step.Length);
                model.AddRange(step.Items());
                break;
            case ListStep.What.Sort:
                real.Sort();
                model.Sort();
                break;
            case ListStep.What.Search:
                return real.IndexOf(step.Value) == model.IndexOf(step.Value) && real.Contains(step.Value) == model.Contains(step.Value);
            case ListStep.What.Enumerate when count < 1000:
                return real.SequenceEqual(model) && real.AsReadOnlySequence().ToArray().SequenceEqual(model);
            case ListStep.What.Borrow:
                ChangeWhileBorrowed(step, real, model);
                break;
            case ListStep.What.OtherThread when count < most / 2:
                OtherThread.Run(() => Apply(step with { Kind = (ListStep.What)(step.Place % 10) }, real, model, most));
                break;
            case ListStep.What.Disturb:
                using (var other = NativeBuffer.CreateUninitialized<int>(int.Min(step.Length, 100_000)))
                {
                    other.Fill(-77);
                }

                break;
        }

        return true;
    }

    /// <summary>Elements that fit are added; elements that do not fit are refused and change nothing.</summary>
    private static void ChangeWhileBorrowed(ListStep step, NativeList<int> real, List<int> model)
    {
        using Borrow<int> borrow = real.Borrow();
        long capacity = real.Capacity;
        Assert.Throws<InvalidOperationException>(() => real.EnsureCapacity(capacity + 1));
        Assert.Throws<InvalidOperationException>(real.TrimExcess);
        Assert.Throws<InvalidOperationException>(() => { real.ToOwner().Dispose(); });
        if (step.Length <= capacity - model.Count)
        {
            real.AddRange(step.Items().AsSpan());
            Assert.Equal(borrow.Length, model.Count);
            Assert.True(borrow.Span.SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(model)));
            model.AddRange(step.Items());
        }
        else
        {
            Assert.Throws<InvalidOperationException>(() => real.AddRange(step.Items().AsSpan()));
        }

        Assert.Equal(capacity, real.Capacity);
    }
}
