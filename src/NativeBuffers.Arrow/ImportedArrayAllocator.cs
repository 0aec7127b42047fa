namespace NativeBuffers.Arrow;

/// <summary>Frees one block: the elements of an array from C, with the release function of this array.</summary>
internal sealed class ImportedArrayAllocator : NativeAllocator
{
    private ArrowArrayLayout _array;

    private ImportedArrayAllocator(in ArrowArrayLayout array)
        : base("an Arrow array") => _array = array;

    /// <summary>Moves an array into an owner.</summary>
    /// <exception cref="ArgumentException">The array was released, is none of numbers, or its elements are not aligned.</exception>
    /// <exception cref="NotSupportedException">The array has nulls.</exception>
    /// <safety>The array is valid by the rules of the C Data Interface, and its elements are of type <typeparamref name="T"/>.</safety>
    public static unsafe NativeMemoryOwner<T> Import<T>(ArrowArrayLayout* array)
        where T : unmanaged
    {
        ThrowIfUnusable(array, sizeof(T));
        T* first = (T*)array->Buffers[1] + array->Offset;
        if ((nuint)first % (nuint)sizeof(T) != 0)
        {
            throw new ArgumentException($"The elements of the array begin at 0x{(nuint)first:x}, which is not a multiple of {sizeof(T)} bytes: copy them.", nameof(array));
        }

        // The spec allows a null pointer for an array without elements, and an owner needs an address.
        first = array->Buffers[1] == null ? (T*)sizeof(T) : first;
        var allocator = new ImportedArrayAllocator(in *array);
        NativeMemoryOwner<T> owner = NativeMemoryOwner<T>.Adopt(first, array->Length, allocator);
        array->Release = null;
        return owner;
    }

    /// <inheritdoc/>
    /// <remarks>Refuses: there is no memory to give.</remarks>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) => null;

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        ArrowArrayLayout array = _array;
        array.Release(&array);
    }

    /// <safety>The array is valid by the rules of the C Data Interface.</safety>
    private static unsafe void ThrowIfUnusable(ArrowArrayLayout* array, int elementSize)
    {
        if (array->Release == null)
        {
            throw new ArgumentException("The array was released or moved: import each array once.", nameof(array));
        }

        if (array->BufferCount != 2 || array->ChildCount != 0 || array->Dictionary != null || array->Length < 0 || array->Offset < 0)
        {
            throw new ArgumentException($"The array has {array->BufferCount:N0} buffers and {array->ChildCount:N0} children: an array of numbers has 2 and 0.", nameof(array));
        }

        if (array->Buffers == null || (array->Buffers[1] == null && array->Length != 0))
        {
            throw new ArgumentException($"The array has {array->Length:N0} elements and no address of them: its producer has not filled it in.", nameof(array));
        }

        if (array->Length > (long.MaxValue / elementSize) - array->Offset)
        {
            throw new ArgumentException($"The array has {array->Length:N0} elements from {array->Offset:N0} on: no memory is that large.", nameof(array));
        }

        if (array->NullCount != 0 && array->Buffers[0] != null)
        {
            throw new NotSupportedException("The array has nulls, or has not counted them, and an owner has only elements: use CArrowArrayImporter.");
        }
    }
}
