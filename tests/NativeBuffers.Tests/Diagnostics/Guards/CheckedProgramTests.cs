using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Random programs: correct ones are never accused, and one byte changed around a block always is found.</summary>
[Collection(ProcessWide.Name)]
public class CheckedProgramTests
{
    private static readonly NativeAllocator[] s_guards =
    [
        NativeAllocator.Default.WithGuards(GuardMode.Checked), NativeAllocator.Malloc.WithGuards(GuardMode.Checked),
        NativeAllocator.Pages.WithGuards(GuardMode.Checked), new CustomAllocator().WithGuards(GuardMode.Checked),
    ];

    private static readonly int[] s_sizes = [0, 1, 15, 16, 17, 63, 64, 65, 100, 4095, 4096, 32_767, 32_768, 32_769, 70_000];

    private static Arbitrary<(int What, int Which, int Size, int Byte)[]> Programs =>
        (from what in Gen.Choose(0, 3)
         from which in Gen.Choose(0, 99)
         from size in Gen.OneOf(Gen.Elements(s_sizes), Gen.Choose(0, 10_000))
         from value in Gen.Choose(1, 255)
         select (what, which, size, value)).ArrayOf().ToArbitrary();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_correct_program_has_no_violations(int guard)
    {
        long before = NativeMemoryGuard.ViolationCount;
        Prop.ForAll(
            Programs,
            program =>
            {
                List<Live> live = [];
                foreach ((int what, int which, int size, int value) in program)
                {
                    Step(s_guards[guard], live, what, which, size, (byte)value);
                }

                live.ForEach(each => each.Free(s_guards[guard]));
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(150));
        NativeMemoryGuard.Check();
        Assert.Equal(before, NativeMemoryGuard.ViolationCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void One_byte_changed_around_a_block_is_always_found(int guard) =>
        Prop.ForAll(
            Programs,
            Gen.Choose(-64, 63).ToArbitrary(),
            (program, where) =>
            {
                List<Live> live = [];
                foreach ((int what, int which, int size, int value) in program)
                {
                    Step(s_guards[guard], live, what, which, size, (byte)value);
                }

                bool isFound = live.Count == 0;
                for (int i = 0; i < live.Count; i++)
                {
                    if (i == live.Count / 2)
                    {
                        isFound = live[i].IsFoundAfterChange(s_guards[guard], where);
                    }
                    else
                    {
                        live[i].Free(s_guards[guard]);
                    }
                }

                return isFound;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(60));

    private static void Step(NativeAllocator guard, List<Live> live, int what, int which, int size, byte value)
    {
        if (what < 2 || live.Count == 0)
        {
            live.Add(Live.Make(guard, size, 1 << (which % 8), value));
        }
        else if (what == 2)
        {
            live[which % live.Count].Free(guard);
            live.RemoveAt(which % live.Count);
        }
        else
        {
            live[which % live.Count].Resize(guard, size);
        }
    }

    /// <summary>A block that is full of one value.</summary>
    private sealed class Live(nint block, int size, int alignment, byte value)
    {
        private nint _block = block;
        private int _size = size;

        public static unsafe Live Make(NativeAllocator guard, int size, int alignment, byte value)
        {
            void* block = guard.AllocateUninitialized((nuint)size, (nuint)alignment);
            new Span<byte>(block, size).Fill(value);
            return new Live((nint)block, size, alignment, value);
        }

        public unsafe void Free(NativeAllocator guard)
        {
            Assert.Equal(-1, new Span<byte>((void*)_block, _size).IndexOfAnyExcept(value));
            guard.Free((void*)_block, (nuint)_size, (nuint)alignment);
        }

        public unsafe void Resize(NativeAllocator guard, int newSize)
        {
            _block = (nint)guard.Resize((void*)_block, (nuint)_size, (nuint)newSize, (nuint)alignment);
            Assert.Equal(-1, new Span<byte>((void*)_block, int.Min(_size, newSize)).IndexOfAnyExcept(value));
            Assert.True(newSize <= _size || new Span<byte>((void*)_block, newSize)[_size..].IndexOfAnyExcept((byte)0) == -1);
            new Span<byte>((void*)_block, newSize).Fill(value);
            _size = newSize;
        }

        public unsafe bool IsFoundAfterChange(NativeAllocator guard, int where)
        {
            byte* changed = (byte*)_block + (where < 0 ? where : _size + where);
            *changed ^= (byte)(value | 1);
            bool isFound = false;
            try
            {
                Free(guard);
            }
            catch (NativeMemoryViolationException)
            {
                isFound = true;
            }

            return isFound;
        }
    }
}
