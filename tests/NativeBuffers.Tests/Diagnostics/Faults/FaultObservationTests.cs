using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Diagnostics.Faults;

/// <summary>The memory of fault injection and its end, and the blocks that it takes for freed.</summary>
public class FaultHooksTests
{
    [Fact]
    public void Nothing_of_a_run_is_kept_after_its_end()
    {
        // The body holds the run, and a run keeps everything that its flow kept.
        WeakReference kept = Run();
        for (int i = 0; i < 10 && kept.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(kept.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Run()
        {
            // The inner allocator of a wrapper is kept by it.
            NativeAllocator captured = NativeAllocator.Malloc;
            FaultInjection.ForEachFailure(() =>
            {
                captured = NativeAllocator.Default;
                NativeMemoryOwner<int>.Create(10).Dispose();
            });
            return new WeakReference(captured);
        }
    }

    [Fact]
    public async Task A_flow_that_goes_on_after_the_end_is_not_observed()
    {
        var over = new TaskCompletionSource();
        Task<NativeAllocator>? late = null;
        int run = 0;
        FaultInjection.ForEachFailure(() =>
        {
            NativeMemoryOwner<int>.Create(10).Dispose();
            if (++run == 2)
            {
                late = LateAsync();
            }

            async Task<NativeAllocator> LateAsync()
            {
                await over.Task.ConfigureAwait(false);
                return NativeAllocator.Default;
            }
        });
        over.SetResult();
        Assert.Same(NativeAllocator.Default, await late!);
    }

    [Fact]
    public void A_thread_that_goes_on_after_the_end_is_not_observed()
    {
        int run = 0;
        Thread? late = null;
        NativeAllocator? seen = null;
        using var over = new ManualResetEventSlim();
        FaultInjection.ForEachFailure(() =>
        {
            NativeMemoryOwner<int>.Create(10).Dispose();
            if (++run == 2)
            {
                late = new Thread(() =>
                {
                    over.Wait();
                    seen = NativeAllocator.Default;
                });
                late.Start();
            }
        });
        over.Set();
        late!.Join();
        Assert.Same(NativeAllocator.Default, seen);
    }

    [Fact]
    public unsafe void Blocks_of_an_earlier_run_do_not_count_in_the_next()
    {
        int run = 0;
        NativeAllocator? captured = null;
        FaultInjection.ForEachFailure(() =>
        {
            run++;
            NativeMemoryOwner<int>.Create(10).Dispose();
            captured?.Free(captured.Allocate(100), 100);
            if (run == 2)
            {
                captured = NativeAllocator.Default;
            }
        });
        Assert.Equal(4, run);
    }

    [Theory]
    [InlineData("freed")]
    [InlineData("resized")]
    [InlineData("adopted")]
    public void Bare_blocks_that_end_outside_of_the_flow_count_as_given_back(string how)
    {
        FaultInjection.ForEachFailure(() =>
        {
            nint block;
            unsafe
            {
                // SAFETY: given up below, once.
                block = (nint)NativeAllocator.Default.Allocate(100);
            }

            OtherThread.RunApart(() => BareBlocks.End(how, block, 100));
        });
    }

    [Fact]
    public void A_block_that_a_native_method_took_over_is_no_leak()
    {
        FaultInjection.ForEachFailure(static () =>
        {
            SafeMallocBuffer handle = SafeMallocBuffer.Allocate(100);
            nint block = handle.DangerousGetHandle();
            handle.SetHandleAsInvalid();
            unsafe
            {
                // SAFETY: the handle has given it up, and it came from there.
                System.Runtime.InteropServices.NativeMemory.Free((void*)block);
            }
        });
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    [SuppressMessage("Ownership", "NB0009", Justification = "Nothing keeps the forgotten owner: the collector must find it.")]
    public void An_owner_that_was_forgotten_is_a_leak_though_a_finalizer_freed_it()
    {
        IReadOnlyList<FaultFinding> findings = Assert.Throws<FaultInjectionException>(() => FaultInjection.ForEachFailure(static () =>
        {
            Forget();
            for (int i = 0; i < 4; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        })).Findings;
        Assert.All(findings, static finding => Assert.Equal(FaultFindingKind.Leak, finding.Kind));
        Assert.Contains("never disposed", findings[0].Message);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget() => NativeMemoryOwner<long>.Create(1000).GetSpan().Fill(1);
    }

    [Fact]
    public void A_block_at_the_place_that_another_one_has_just_left_is_its_own()
    {
        Needs.BareBlocks();

        // The second owner gets the place of the first, which moves away, before the first one's resize has returned.
        using var source = new HandingOver();
        NativeMemoryOwner<byte>? second = null;
        int run = 0;
        source.Left = () => second = NativeMemoryOwner<byte>.Create(64, source);
        IReadOnlyList<FaultFinding> findings = Assert.Throws<FaultInjectionException>(() => FaultInjection.ForEachFailure(() =>
        {
            run++;
            using var first = NativeMemoryOwner<byte>.Create(64, source);
            first.Resize(3000);
            if (run == 1)
            {
                second!.Dispose();
            }
        })).Findings;
        Assert.All(findings, static finding => Assert.Equal(FaultFindingKind.Leak, finding.Kind));
        Assert.Equal(2, findings.Count(static finding => finding.FailedAllocation == 0));
    }

    /// <summary>Moves a block at each resize, and gives the old address to the next request.</summary>
    private sealed unsafe class HandingOver() : NativeAllocator("HandingOver"), IDisposable
    {
        private readonly List<nint> _all = [];
        private nint _left;

        public Action Left { get; set; } = static () => { };

        public void Dispose() => _all.ForEach(static block => System.Runtime.InteropServices.NativeMemory.Free((void*)block));

        protected override void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
        {
            nint block = _left != 0 ? _left : (nint)System.Runtime.InteropServices.NativeMemory.AllocZeroed(4096);
            if (_left == 0)
            {
                _all.Add(block);
            }

            _left = 0;
            return (void*)block;
        }

        protected override void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
        {
            void* moved = AllocateCore(newByteCount, alignment, zeroed: true);
            _left = (nint)block;
            Left();
            return moved;
        }

        protected override void FreeCore(void* block, nuint byteCount, nuint alignment)
        {
        }
    }
}
