using System.Collections.Concurrent;
using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Random programs run on several owners and on arrays; they must agree after every step, and nothing be left at the end.</summary>
[Collection(ProcessWide.Name)]
[CorrectProgram]
public class OwnerModelTests
{
    [Fact]
    public void Owners_and_pooled_buffers_do_as_arrays_do_on_two_threads()
    {
        using var works = new BlockingCollection<Action>();
        using var done = new SemaphoreSlim(0);
        Exception? failure = null;
        var other = new Thread(
            () =>
            {
                foreach (Action work in works.GetConsumingEnumerable())
                {
                    failure = Record.Exception(work);
                    done.Release();
                }
            });
        other.Start();
        try
        {
            Prop.ForAll(OwnerStep.Programs, Agree).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(120));
        }
        finally
        {
            works.CompleteAdding();
            other.Join();
        }

        void Elsewhere(Action work)
        {
            works.Add(work);
            done.Wait();
            if (failure is not null)
            {
                throw new InvalidOperationException("On the other thread.", failure);
            }
        }

        void Agree(OwnerStep[] program)
        {
            var world = new OwnerWorld(program, Elsewhere);
            try
            {
                world.Run();
            }
            finally
            {
                world.Dispose();
            }
        }
    }

    [Fact]
    public void A_disagreement_would_be_seen()
    {
        ModelOwner owner = ModelOwner.Of(NativeMemoryOwner<int>.Create(3), [0, 1, 0]);
        Assert.ThrowsAny<Exception>(owner.AssertAgrees);
        Assert.ThrowsAny<Exception>(owner.AssertRefuses);
        owner.Dispose();
        Assert.ThrowsAny<Exception>(owner.AssertAgrees);
        owner.AssertRefuses();
    }
}
