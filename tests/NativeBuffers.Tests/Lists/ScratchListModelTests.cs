using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Lists;

/// <summary>Random programs run on a scratch list and on a plain one; they must agree after every step.</summary>
[CorrectProgram]
public class ScratchListModelTests
{
    [Theory]
    [InlineData(0, 250_000, false)]
    [InlineData(16, 250_000, false)]
    [InlineData(5000, 250_000, false)]
    [InlineData(16, 20 << 20, true)]
    public void A_scratch_list_does_as_a_list_does(int room, int most, bool large) =>
        Prop.ForAll(large ? ListStep.LargePrograms : ListStep.Programs, program => Agree(program, room, most))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(large ? 5 : 150).WithEndSize(large ? 20 : 80));

    private static bool Agree(ListStep[] program, int room, int most)
    {
        int[] initial = new int[room + 2];
        (initial[0], initial[^1]) = (0x5A5A, 0x5A5A);
        using var real = new ScratchList<int>(initial.AsSpan(1, room));
        List<int> model = [];
        foreach (ListStep step in program)
        {
            int count = model.Count;
            int place = step.At(count);
            bool hasRoom = count + step.Length < most;
            switch (step.Kind)
            {
                case ListStep.What.Insert:
                    real.Insert(place, step.Value);
                    model.Insert(place, step.Value);
                    break;
                case ListStep.What.Add or ListStep.What.Sort:
                    real.Add(step.Value);
                    model.Add(step.Value);
                    break;
                case ListStep.What.AddRange or ListStep.What.InsertRange when hasRoom:
                    real.AddRange(step.Items());
                    model.AddRange(step.Items());
                    break;
                case ListStep.What.AddSelf or ListStep.What.InsertSelf when hasRoom:
                    int here = int.Min(step.Length, count - place);
                    real.AddRange(real.AsSpan().Slice(place, here));
                    model.AddRange(model.GetRange(place, here));
                    break;
                case ListStep.What.Set when count > 0:
                    real[place] = step.Value;
                    model[place] = step.Value;
                    break;
                case ListStep.What.RemoveAt when count > 0:
                    real.RemoveAt(place);
                    model.RemoveAt(place);
                    break;
                case ListStep.What.RemoveLast when count > 0:
                    Assert.Equal(model[^1], real.RemoveLast());
                    model.RemoveAt(count - 1);
                    break;
                case ListStep.What.Clear when step.Value % 4 == 0:
                    real.Clear();
                    model.Clear();
                    break;
                case ListStep.What.EnsureCapacity:
                    real.EnsureCapacity(step.Length);
                    Assert.True(real.Capacity >= step.Length);
                    break;
                case ListStep.What.Disturb:
                    using (var other = new ScratchList<int>(new int[4]))
                    {
                        other.EnsureCapacity(int.Min(step.Length, 100_000));
                        other.AddRange([-77, -77, -77, -77, -77]);
                    }

                    break;
            }

            if (!real.AsSpan().SequenceEqual(CollectionsMarshal.AsSpan(model)) || real.Count != model.Count || real.Capacity < real.Count)
            {
                return false;
            }
        }

        return (initial[0], initial[^1]) == (0x5A5A, 0x5A5A);
    }
}
